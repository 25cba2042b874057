"""Does `feed="trace"` do what DRAMSim2's own tool does, cycle by cycle (DRAM_MODEL section 14)?

The twin below is that section, a loop over cycles, on a memory driven request by request.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanfuse.dram import DramConfig, DramSystem, read_trace, replay

CFG = DramConfig.from_ini(
    "DDR3_micron_16M_8B_x8_sg15", overrides={"TRANS_QUEUE_DEPTH": 2, "CMD_QUEUE_DEPTH": 4}
)


def trace_tool(lines, cfg, ticks):
    """Lines are None (blank) or (cycle, address, is_write). Accepted and completed by request, energy."""
    memory = DramSystem(cfg)
    accepted, completed = {}, {}
    pending, coming, number = None, iter(lines), 0
    for now in range(ticks):
        if pending is None:
            line = next(coming, None)
            if line is not None:
                pending, number = (number, *line), number + 1
        if pending is not None:
            index, cycle, address, is_write = pending
            if now >= cycle and memory.can_accept(address):
                memory.add(address, is_write, index)
                accepted[index] = now
                pending = None
        done = memory.advance(now + 1)
        completed |= dict(zip(done.tags.tolist(), done.ticks.tolist(), strict=True))
    return accepted, completed, memory.energy()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_feed_is_that_of_the_tool(data, tmp_path_factory):
    rows = st.tuples(st.integers(0, 300), st.integers(0, 1 << 12).map(lambda n: n * 64), st.booleans())
    lines = data.draw(st.lists(st.one_of(rows, rows, rows, st.none()), max_size=60))
    ticks = data.draw(st.integers(1, 2500))
    path = tmp_path_factory.mktemp("trace") / "mase_a.trc"
    path.write_text(
        "".join(
            "\n" if line is None else f"0x{line[1]:x} {'WRITE' if line[2] else 'READ'} {line[0]}\n"
            for line in lines
        )
    )
    trace = read_trace(path)
    found = replay(
        trace.cycles,
        trace.addresses,
        trace.is_write,
        CFG,
        feed="trace",
        idle=trace.idle,
        stop_tick=ticks,
    )
    accepted, completed, energy = trace_tool(lines, CFG, ticks)
    assert found.ticks == ticks
    assert found.accepted.tolist() == [accepted.get(i, -1) for i in range(len(trace))]
    assert found.completed.tolist() == [completed.get(i, -1) for i in range(len(trace))]
    assert found.energy.equals(energy)


def test_stopping_changes_nothing_before_the_stop():
    random = np.random.default_rng(5)
    stream = (
        np.zeros(400, np.int64),
        random.integers(0, 1 << 20, 400).astype(np.uint64) * 64,
        random.random(400) < 0.3,
    )
    for feed in ("accept", "pend", "trace"):
        whole = replay(*stream, CFG, feed=feed)
        for stop in (1, 100, 1000, whole.ticks, 2 * whole.ticks):
            part = replay(*stream, CFG, feed=feed, stop_tick=stop)
            assert part.ticks == stop
            kept = part.accepted >= 0
            assert (kept == (whole.accepted < stop)).all()
            assert (part.accepted[kept] == whole.accepted[kept]).all()
            # In a list without bounds, whose completions are matched by address, a few swap when cut off.
            assert (part.completed >= 0).sum() == (whole.completed < stop).sum()
        longer = replay(*stream, CFG, feed=feed, total_ticks=2 * whole.ticks)
        assert longer.energy.equals(part.energy)


def test_a_stop_goes_without_other_ends():
    with pytest.raises(ValueError, match="stop_tick says how long the run is"):
        replay([0], [0], [False], CFG, stop_tick=5, extra=3)
    with pytest.raises(ValueError, match="idle must be as long as cycles"):
        replay([0], [0], [False], CFG, idle=[0, 0])
