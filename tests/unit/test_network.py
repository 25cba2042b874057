"""Layers and networks: shapes, halos, wiring, and the errors they meet bad input with."""

import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scanfuse.network import (
    Concat,
    Layer,
    Network,
    NetworkError,
    Tensor,
    layer_by_layer_entries,
    layer_entries,
    network_entries,
)
from scanfuse.network.layer import windows

IMAGE = Tensor("image", 3, 8, 8)


def stem() -> Layer:
    return Layer("stem", "conv", (IMAGE,), Tensor("stem", 16, 4, 4), (3, 3), (2, 2), (1, 1, 1, 1))


def small_network() -> Network:
    """An image through a stem, a pointwise layer with a residual around it, and a flattening classifier."""
    stem_out, body_out, sum_out = (Tensor(name, 16, 4, 4) for name in ("stem", "body", "sum"))
    layers = (
        stem(),
        Layer("body", "pointwise", (stem_out,), body_out),
        Layer("sum", "add", (body_out, stem_out), sum_out),
        Layer("classifier", "linear", (Tensor("sum", 256, 1, 1),), Tensor("classes", 10, 1, 1)),
    )
    return Network("small", layers, IMAGE, Tensor("classes", 10, 1, 1))


def test_a_tensor_counts_its_entries() -> None:
    assert Tensor("map", 16, 4, 5).entries == 320
    assert Tensor("map", 16, 4, 5).shape == (16, 4, 5)


def test_a_convolution_knows_its_loop_bounds_weights_and_macs() -> None:
    layer = stem()
    assert (layer.N, layer.K, layer.C, layer.P, layer.Q, layer.R, layer.S) == (1, 16, 3, 4, 4, 3, 3)
    assert layer.weight_shape == (16, 3, 3, 3)
    assert layer.weight_entries == 432
    assert layer.macs == 432 * 16


def test_groups_divide_weights_and_macs() -> None:
    source, target = Tensor("x", 8, 6, 6), Tensor("y", 12, 6, 6)
    grouped = Layer("g", "conv", (source,), target, (3, 3), padding=(1, 1, 1, 1), groups=4)
    assert grouped.weight_shape == (12, 2, 3, 3)
    depthwise = Layer(
        "d", "depthwise", (source,), Tensor("y", 8, 6, 6), (3, 3), padding=(1, 1, 1, 1), groups=8
    )
    assert depthwise.weight_shape == (8, 1, 3, 3)
    assert depthwise.macs == 8 * 36 * 9


def test_layers_without_weights_have_no_macs() -> None:
    pooled = Layer("p", "pool", (IMAGE,), Tensor("p", 3, 1, 1), (8, 8), pool_kind="average")
    factors = Tensor("f", 3, 1, 1)
    scaled = Layer("s", "scale", (IMAGE, factors), Tensor("s", 3, 8, 8))
    for layer in (pooled, scaled):
        assert (layer.weight_shape, layer.weight_entries, layer.macs) == (None, 0, 0)
    assert layer_entries(pooled) == 192 + 3
    assert layer_entries(scaled) == 192 + 3 + 192


def test_rows_of_a_halo_are_clipped_to_the_map() -> None:
    layer = stem()
    assert layer.input_rows(0, 1) == (0, 2)  # row -1 is padding
    assert layer.input_rows(1, 3) == (1, 6)
    assert layer.input_rows(0, 4) == (0, 8)
    assert layer.input_columns(2, 3) == (3, 6)
    assert layer.input_rows(2, 2) == (3, 3)
    with pytest.raises(NetworkError, match=r"layer stem: output rows \[0, 5\) do not lie within \[0, 4\)"):
        layer.input_rows(0, 5)


@given(st.data())
def test_a_halo_is_what_the_windows_touch(data: st.DataObject) -> None:
    def number(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    extent, kernel, stride, dilation = number(1, 20), number(1, 5), number(1, 4), number(1, 3)
    before, after = number(0, 4), number(0, 4)
    count = windows(extent, kernel, stride, padding=before + after, dilation=dilation)
    assume(count >= 1)
    layer = Layer(
        "l",
        "conv",
        (Tensor("x", 1, extent, 7),),
        Tensor("y", 2, count, 7),
        (kernel, 1),
        (stride, 1),
        (before, after, 0, 0),
        (dilation, 1),
    )
    first = number(0, count - 1)
    last = number(first + 1, count)
    touched = {p * stride - before + r * dilation for p in range(first, last) for r in range(kernel)}
    # Positions between two touched ones are moved as well, so a window may straddle the whole map.
    span = [row for row in range(min(touched), max(touched) + 1) if 0 <= row < extent]
    start, stop = layer.input_rows(first, last)
    assert list(range(start, stop)) == span
    assert layer.input_columns(2, 5) == (2, 5)


def test_a_network_knows_who_writes_and_reads_a_tensor() -> None:
    network = small_network()
    by_name = {layer.name: layer for layer in network.layers}
    assert network.producer(network.input) is None
    assert network.producer(by_name["stem"].output) == by_name["stem"]
    assert network.consumers(by_name["stem"].output) == (by_name["body"], by_name["sum"])
    assert network.consumers(network.output) == ()
    assert [tensor.name for tensor in network.tensors] == ["image", "stem", "body", "sum", "classes"]
    assert network.layer("body") == by_name["body"]


def test_a_flattened_tensor_is_the_same_storage() -> None:
    network = small_network()
    flat = network.layer("classifier").ifmap
    producer = network.producer(flat)
    assert producer is not None
    assert producer.name == "sum"
    assert flat.entries == producer.output.entries
    assert network.consumers(producer.output) == (network.layer("classifier"),)


def test_totals_are_sums_over_layers() -> None:
    network = small_network()
    assert network.weight_entries == 432 + 256 + 2560
    assert network.macs == (432 + 256) * 16 + 2560
    assert network_entries(network) == 192 + 3248 + 10
    # The add costs its residual only; the sum is in what `body` writes.
    assert layer_by_layer_entries(network) == (192 + 432 + 256) + (256 + 256 + 256) + 256 + (256 + 2560 + 10)


def test_networks_compare_and_pickle() -> None:
    network = small_network()
    network.producer(network.output)  # fills a cache, which is no part of the value
    assert pickle.loads(pickle.dumps(network)) == small_network()
    assert hash(network) == hash(small_network())


X, Y = Tensor("x", 4, 6, 6), Tensor("y", 4, 6, 6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tensor("", 1, 1, 1), "a tensor needs a name"),
        (lambda: Tensor("t", 1, 0, 1), "tensor t: shape 1 x 0 x 1: every extent must be 1 or more"),
        (lambda: Layer("", "conv", (X,), Y), "a layer needs a name"),
        (lambda: Layer("a", "pointwize", (X,), Y), r"unknown kind 'pointwize' \(did you mean pointwise\?\)"),
        (lambda: Layer("a", "add", (X,), Y), r"layer a: add takes 2 input\(s\), got 1"),
        (lambda: Layer("a", "conv", (X,), Y, (3, 3)), "y is 4 x 6 x 6, but conv of 4 x 6 x 6 .* 4 x 4 x 4"),
        (lambda: Layer("a", "conv", (X,), Y, (9, 9)), "does not fit into 4 x 6 x 6"),
        (lambda: Layer("a", "conv", (X,), Y, (0, 1)), r"kernel \(0, 1\): give two numbers, each 1 or more"),
        (lambda: Layer("a", "conv", (X,), Y, padding=(0, -1, 0, 0)), r"give \(top, bottom, left, right\)"),
        (lambda: Layer("a", "conv", (X,), Y, groups=3), "groups 3 must divide the 4 input and 4 output"),
        (lambda: Layer("a", "depthwise", (X,), Y), "depthwise has as many groups and outputs as inputs"),
        (lambda: Layer("a", "pointwise", (X,), Y, groups=2), "pointwise has no groups, got 2"),
        (lambda: Layer("a", "pointwise", (X,), Y, stride=(2, 2)), "pointwise has no window"),
        (lambda: Layer("a", "pool", (X,), Y), "pool_kind is None; the pools are average, max"),
        (lambda: Layer("a", "conv", (X,), Y, pool_kind="max"), "pool_kind is for pools, not for conv"),
        (
            lambda: Layer("a", "pool", (X,), Tensor("y", 5, 6, 6), pool_kind="max"),
            "pool keeps the channels, got 4 inputs and 5 outputs",
        ),
        (lambda: Layer("a", "linear", (X,), Y), "to flatten, name the same tensor as 144 x 1 x 1"),
        (lambda: Layer("a", "add", (X, Tensor("z", 4, 1, 6)), Y), "add needs two equal shapes"),
        (lambda: Layer("a", "scale", (X, X), Y), "scale needs 4 x 1 x 1 factors for 4 x 6 x 6"),
    ],
)
def test_a_layer_that_cannot_be_says_why(make, message) -> None:
    with pytest.raises(NetworkError, match=message):
        make()


A = Layer("a", "pointwise", (X,), Tensor("a", 4, 6, 6))
B = Layer("b", "pointwise", (A.output,), Tensor("b", 4, 6, 6))


@pytest.mark.parametrize(
    ("layers", "output", "message"),
    [
        ((), X, "network n: no layers"),
        ((A, A), A.output, "layers 0 and 1 are both named a"),
        ((B, A), B.output, "layer b reads a before layer a writes it; give the layers in execution order"),
        ((B,), B.output, "layer b reads a, which no layer writes and which is not the network's input x"),
        (
            (A, Layer("c", "pointwise", (X,), A.output)),
            A.output,
            "layer c writes a, which was written before",
        ),
        ((A, B), Tensor("c", 4, 6, 6), r"no layer writes the output c \(4 x 6 x 6\)"),
        ((A, B), X, "no layer writes the output x"),
        (
            (A, Layer("c", "pointwise", (Tensor("a", 4, 9, 4),), Tensor("c", 1, 9, 4))),
            A.output,
            "layer c reads a as 4 x 9 x 4, but it was written as 4 x 6 x 6",
        ),
        (
            (A, Layer("c", "linear", (Tensor("a", 143, 1, 1),), Tensor("c", 1, 1, 1))),
            A.output,
            "reads a as 143 x 1 x 1",
        ),
    ],
)
def test_a_network_that_cannot_be_says_why(layers, output, message) -> None:
    with pytest.raises(NetworkError, match=message):
        Network("n", layers, X, output)


def test_an_unknown_layer_or_tensor_is_named_with_what_was_meant() -> None:
    network = small_network()
    with pytest.raises(NetworkError, match=r"no layer 'clasifier' \(did you mean classifier\?\)"):
        network.layer("clasifier")
    with pytest.raises(NetworkError, match=r"no tensor 'boddy' \(did you mean body\?\)"):
        network.producer(Tensor("boddy", 16, 4, 4))


def test_maps_that_are_there_from_the_start_and_maps_that_nobody_reads() -> None:
    other = Tensor("other", 16, 4, 4)
    made = Tensor("stem", 16, 4, 4)
    layers = (stem(), Layer("more", "pointwise", (other,), Tensor("more", 4, 4, 4)))
    network = Network("two", layers, IMAGE, layers[1].output, given=(other,))
    assert network.at_start == (IMAGE, other) and network.outputs == (layers[1].output, made)
    assert network.leaves(made) and network.producer(other) is None
    assert network_entries(network) == 3 * 8 * 8 + 2 * 256 + 64 + network.weight_entries
    with pytest.raises(NetworkError, match="layer more reads other, which no layer writes"):
        Network("two", layers, IMAGE, layers[1].output)
    with pytest.raises(NetworkError, match="image is given twice"):
        Network("two", layers, IMAGE, layers[1].output, given=(other, IMAGE))
    with pytest.raises(NetworkError, match="stem, which was written before"):
        Network("two", layers, IMAGE, layers[1].output, given=(other, made))
    halves = tuple(Tensor(name, 8, 4, 4) for name in ("left", "right"))
    with pytest.raises(NetworkError, match="other is given, and so can be in no concat"):
        Network("two", layers, IMAGE, layers[1].output, concats=(Concat(other, halves),), given=(other,))


def test_the_factors_of_a_scale_may_be_there_from_the_start() -> None:
    factors = Tensor("factors", 3, 1, 1)
    layer = Layer("scaled", "scale", (IMAGE, factors), Tensor("scaled", 3, 8, 8))
    network = Network("one", (layer,), IMAGE, layer.output, given=(factors,))
    assert network_entries(network) == 2 * 192 + 3


def test_what_is_too_large_to_count_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"tensor x: shape 1 x 65536 x 65537: more than 4,294,967,296 ent"):
        Tensor("x", 1, 65536, 65537)
    x, y = Tensor("x", 65536, 1, 1), Tensor("y", 65537, 1, 1)
    with pytest.raises(NetworkError, match="layer wide: more than 4,294,967,296 weights"):
        Layer("wide", "linear", (x,), y)
