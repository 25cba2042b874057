"""A stream replayed in chunks is the stream replayed whole, however it is cut."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_twin import COMMON, configure, memories, streams

from scanfuse.dram import ReplayStream, replay

COLUMNS = ("cycles", "addresses", "is_write", "accepted", "completed")


def in_chunks(cfg, arrays, cuts, options, per_request):
    """The replay of arrays cut at these places: its figures, and the chunks that came back."""
    stream = ReplayStream(cfg, **options)
    edges = [0, *sorted(cuts), len(arrays[0])]
    parts = []
    for start, end in pairwise(edges):
        more = {name: each[start:end] for name, each in per_request.items()}
        parts += stream.feed(*(each[start:end] for each in arrays), **more)
    parts += stream.finish()
    assert [part.first for part in parts] == edges[:-1]
    return stream.figures, parts


@settings(max_examples=120, **COMMON)
@given(st.data())
def test_the_cuts_make_no_difference(data):
    c, ranks = data.draw(memories())
    cfg = configure(c, ranks)
    cycles, addresses, is_write, force = (
        np.array(each) for each in zip(*data.draw(streams(1 << 28)), strict=True)
    )
    size = len(cycles)
    owners = np.arange(size) % 3
    way = data.draw(st.sampled_from(["accept", "pend", "trace", "paced", "crossed", "stopped", "recorded"]))
    options = {
        "paced": {"per_cycle": 2},
        "crossed": {"cpu_hz": 777_000_000, "extra": 40},
        "stopped": {"stop_tick": int(cycles[size // 2]) + 50},
        "recorded": {"commands": True, "epochs": True, "total_ticks": 4000},
    }.get(way, {"feed": way})
    per_request = {"owners": owners}
    if way == "trace":
        per_request["idle"] = owners
    elif way != "pend" and force.any():
        per_request["force"] = force
    whole = replay(cycles, addresses, is_write, cfg, **options, **per_request)
    cuts = data.draw(st.lists(st.integers(0, size), max_size=12))
    figures, parts = in_chunks(cfg, (cycles, addresses, is_write), cuts, options, per_request)
    expected = (cycles, addresses, is_write, whole.accepted, whole.completed)
    for name, column in zip(COLUMNS, expected, strict=True):
        assert np.concatenate([getattr(part, name) for part in parts]).tolist() == column.tolist(), name
    assert (figures.ticks, figures.cpu_cycles) == (whole.ticks, whole.cpu_cycles)
    tables = ["energy", "counters", "banks", "owners"]
    for name in tables + (["commands", "epochs", "epoch_banks"] if way == "recorded" else []):
        assert getattr(figures, name).equals(getattr(whole, name)), name
    assert figures.latency_histograms == whole.latency_histograms
