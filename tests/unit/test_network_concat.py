"""Maps that lie in the channels of others: where they lie, who reads them, and what would need a copy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanfuse.execute import evaluate, execute
from scanfuse.hardware import load_hardware
from scanfuse.mapping import Cascade, Mapping, MappingError, compulsory_entries, make_mapping
from scanfuse.mapping.stages import Stage, stages
from scanfuse.mapping.units import Unit
from scanfuse.network import Concat, Layer, Network, NetworkError, Place, Tensor, network_entries
from scanfuse.program import Move, TensorTable, check, unroll

X = Tensor("x", 3, 4, 5)


def map_of(name: str, channels: int = 2) -> Tensor:
    return Tensor(name, channels, 4, 5)


def point(made: Tensor, read: Tensor) -> Layer:
    return Layer(made.name, "pointwise", (read,), made)


A, B, C, D = (map_of(name) for name in "abcd")
AB, BC = map_of("ab", 4), map_of("bc", 4)
ABC = map_of("abc", 6)
FIRE = (point(A, X), point(B, A), point(C, A), point(D, BC))


def network(layers: tuple[Layer, ...], *concats: Concat, output: Tensor = D) -> Network:
    return Network("n", layers, X, output, concats=concats)


def test_parts_lie_side_by_side_in_the_whole() -> None:
    fire = network(FIRE, Concat(BC, (B, C)))
    assert fire.place(B) == Place(BC, 0, 2)
    assert fire.place(C) == Place(BC, 2, 4)
    assert fire.place(BC) == Place(BC, 0, 4)
    assert fire.place(A) == Place(A, 0, 2)
    assert list(fire.maps) == ["x", "a", "b", "c", "d", "bc"]
    assert fire.shares(C) and not fire.shares(A)
    assert fire.producer(C) == fire.layer("c") and fire.producer(BC) is None


def test_whoever_reads_the_whole_reads_its_parts() -> None:
    fire = network(FIRE, Concat(BC, (B, C)))
    assert fire.consumers(BC) == fire.consumers(B) == fire.consumers(C) == (fire.layer("d"),)
    assert fire.consumers(A) == (fire.layer("b"), fire.layer("c"))
    assert [fire.leaves(tensor) for tensor in (A, BC, D)] == [False, False, True]


def test_wholes_may_be_parts_and_parts_belong_to_several() -> None:
    layers = (point(A, X), point(B, A), point(C, AB), point(D, ABC))
    nested = network(layers, Concat(ABC, (AB, C)), Concat(AB, (A, B)))
    grown = network(layers, Concat(AB, (A, B)), Concat(ABC, (A, B, C)))
    assert nested.places == grown.places
    assert grown.place(C) == Place(ABC, 4, 6)
    assert grown.consumers(A) == tuple(grown.layer(name) for name in "bcd")


def test_a_window_slides_over_maps_that_no_name_holds_together() -> None:
    layers = (point(A, X), point(B, A), point(C, B), point(map_of("e"), AB), point(D, BC))
    sliding = network(layers, Concat(AB, (A, B)), Concat(BC, (B, C)))
    store = Tensor("a+ab+b+bc+c", 6, 4, 5)
    assert sliding.place(BC) == Place(store, 2, 6)
    assert {place.store for name, place in sliding.places.items() if name in "abc"} == {store}


def test_what_one_layer_writes_may_be_read_in_parts() -> None:
    split = network((point(AB, X), point(C, B), point(D, C)), Concat(AB, (A, B)))
    assert split.place(B) == Place(AB, 2, 4)
    maps = evaluate(split)
    assert np.array_equal(maps["ab"], np.concatenate([maps["a"], maps["b"]]))


@pytest.mark.parametrize(
    ("layers", "concats", "message"),
    [
        ((point(A, X), point(D, AB)), [(AB, (A, B))], "no layer writes all of ab, or its parts"),
        ((point(A, X), point(D, AB), point(B, A)), [(AB, (A, B))], "reads ab before layer b writes b; give"),
        ((point(A, X), point(D, map_of("aa", 4))), [(map_of("aa", 4), (A, A))], "a would lie in two places"),
        (
            (point(A, X), point(B, A), point(C, A), point(D, AB)),
            [(AB, (A, B)), (map_of("ac", 4), (A, C))],
            "b and c are both written, to the same channels of a.*: that needs a copy",
        ),
        (
            (point(A, X), point(B, A), point(D, AB)),
            [(AB, (A, B)), (map_of("ba", 4), (B, A))],
            "concat ba: .* would lie in two places of one map: that needs a copy",
        ),
        (
            (point(A, X), point(AB, A), point(D, AB)),
            [(AB, (A, B))],
            "a and ab are both written, to the same channels of ab",
        ),
        (
            (point(A, X), point(B, A), point(D, AB)),
            [(map_of("ab", 5), (map_of("a", 3), B))],
            "concat ab has a as 3 x 4 x 5, but it is 2 x 4 x 5",
        ),
        (
            (
                *FIRE[:3],
                Layer("fc", "linear", (Tensor("b", 40, 1, 1),), Tensor("fc", 2, 1, 1)),
                point(D, BC),
            ),
            [(BC, (B, C))],
            "layer fc flattens b, which is a part of bc",
        ),
        (
            (
                point(A, X),
                point(B, A),
                point(C, A),
                Layer("sum", "add", (AB, BC), map_of("sum", 4)),
                point(D, map_of("sum", 4)),
            ),
            [(AB, (A, B)), (BC, (B, C))],
            "layer sum reads ab and bc, which have channels in common",
        ),
    ],
)
def test_what_cannot_be_without_a_copy_says_why(layers, concats, message) -> None:
    with pytest.raises(NetworkError, match=message):
        network(layers, *(Concat(output, parts) for output, parts in concats))


@pytest.mark.parametrize(
    ("output", "parts", "message"),
    [
        (A, (A,), "concat a: give two parts or more, got 1"),
        (AB, (A, Tensor("b", 2, 5, 4)), "concat ab: b is 2 x 5 x 4: parts have the height and width of"),
        (ABC, (A, B), "concat abc: the parts have 4 channels together, the output 6"),
    ],
)
def test_a_concat_that_cannot_be_says_why(output, parts, message) -> None:
    with pytest.raises(NetworkError, match=message):
        Concat(output, parts)


def test_the_output_may_be_put_together_and_must_be_written() -> None:
    fire = network(FIRE[:3], Concat(BC, (B, C)), output=BC)
    assert network_entries(fire) == X.entries + fire.weight_entries + BC.entries
    with pytest.raises(NetworkError, match="no layer writes the output p"):
        network(FIRE, Concat(BC, (B, C)), Concat(X, (map_of("p", 1), map_of("q"))), output=map_of("p", 1))


def test_what_the_output_has_of_the_input_is_there_already() -> None:
    whole = map_of("xa", 5)
    grown = network((point(A, X),), Concat(whole, (X, A)), output=whole)
    assert network_entries(grown) == X.entries + 6 + A.entries == compulsory_entries(grown, [0])


def test_an_addition_folds_only_where_nothing_else_reads_the_sum_s_first_part() -> None:
    total = map_of("sum")
    add = Layer("sum", "add", (B, A), total)
    layers = (point(A, X), point(map_of("e"), X), point(B, map_of("e")), add, point(D, total))
    assert Stage(2, 3) in stages(network(layers))
    whole = map_of("be", 4)
    read = (*layers[:4], point(D, whole))
    assert Stage(2, 3) not in stages(network(read, Concat(whole, (B, map_of("e")))))


def test_compulsory_entries_count_a_part_once() -> None:
    fire = network(FIRE, Concat(BC, (B, C)))
    assert compulsory_entries(fire, [3]) == BC.entries + 8 + D.entries
    assert compulsory_entries(fire, [2, 3]) == A.entries + 4 + B.entries + 8 + D.entries
    assert compulsory_entries(fire, range(4)) == network_entries(fire)


def test_a_part_is_a_range_of_channels_of_one_tensor() -> None:
    fire = network(FIRE, Concat(BC, (B, C)))
    table = TensorTable.of(fire)
    assert [tensor.name for tensor in table.tensors[:4]] == ["x", "a", "bc", "d"]
    assert table.at(table.maps["c"], (0, 1, 0, 4, 0, 5)) == (2, (2, 3, 0, 4, 0, 5))
    program = unroll(make_mapping(fire, "raster", load_hardware("paper")))
    stores = program.moves[(program.moves["tensor"] == 2) & (program.moves["move"] == Move.STORE)]
    assert [(int(row["a0"]), int(row["a1"])) for row in stores] == [(0, 2), (2, 4)]


def by_hand(made: Network, *kept: str) -> Mapping:
    groups = tuple(Cascade((Unit(lead=at),), (1,), (0,), "chunks") for at in range(len(made.layers)))
    return Mapping(made, "by hand", groups, "nhwc", kept=kept)


def test_all_parts_are_kept_or_none() -> None:
    fire = network(FIRE, Concat(BC, (B, C)))
    with pytest.raises(MappingError, match=r"kept: groups\[3\] reads a map of which only a part is kept"):
        by_hand(fire, "b")
    mapping = by_hand(fire, "b", "c")
    assert mapping.entries == network_entries(fire) + 3 * A.entries
    check(unroll(mapping), 1_000)
    execute(unroll(mapping), 1_000)


def test_a_dense_block_may_stay_in_the_buffer() -> None:
    layers = (point(A, X), point(B, A), point(C, AB), point(D, ABC))
    grown = network(layers, Concat(AB, (A, B)), Concat(ABC, (A, B, C)))
    for schedule in ("resident", "deep"):
        mapping = make_mapping(grown, schedule, load_hardware("paper", ["buffer.entries=300"]))
        assert mapping.entries == network_entries(grown)
        execute(unroll(mapping), 300)


def test_what_is_read_in_part_is_not_kept() -> None:
    split = network((point(AB, X), point(C, A), point(D, BC)), Concat(AB, (A, B)), Concat(BC, (B, C)))
    with pytest.raises(MappingError, match="only a part is kept"):
        by_hand(split, "ab")


def test_a_sum_reads_nothing_that_lies_in_what_its_layer_reads() -> None:
    added = (*FIRE[:3], point(map_of("e"), BC), Layer("d", "add", (map_of("e"), B), D))
    assert stages(network(added, Concat(BC, (B, C))))[-1] == Stage(4)


@given(st.data())
def test_places_are_those_of_numpy(data: st.DataObject) -> None:
    """A tree of concats, cut at random: every map is the slice of the whole where its place says."""
    tensors = [map_of(f"t{number}", data.draw(st.integers(1, 3))) for number in range(6)]
    layers = tuple(point(tensor, X) for tensor in tensors)
    pool, concats = list(tensors), []
    while len(pool) > 1:
        count = data.draw(st.integers(2, len(pool)))
        parts = tuple(pool.pop(data.draw(st.integers(0, len(pool) - 1))) for _ in range(count))
        whole = map_of(f"w{len(concats)}", sum(part.channels for part in parts))
        concats.append(Concat(whole, parts))
        pool.append(whole)
    made = Network("n", layers, X, pool[0], concats=tuple(data.draw(st.permutations(concats))))
    maps = evaluate(made)
    for name, place in made.places.items():
        if name != "x":
            assert np.array_equal(maps[name], maps[pool[0].name][place.first : place.stop])
