"""Replaying chunk by chunk: what comes back when, what is refused, and memory that does not grow."""

import numpy as np
import pytest

from scanfuse.dram import DramConfig, DramConfigError, ReplayStream, replay

PART = "DDR3_micron_16M_8B_x8_sg15"


def test_what_has_completed_comes_back_at_once():
    """Also from a channel to which nothing goes any more."""
    cfg = DramConfig.from_ini(PART, overrides={"NUM_CHANS": 2}, mode="strict")
    near, far = np.zeros(100, np.uint64), np.full(100, 1 << first_bit_of(cfg, "channel"), np.uint64)
    stream = ReplayStream(cfg)
    reads = np.zeros(100, bool)
    assert stream.feed(np.zeros(100, int), far, reads) == []
    whole = [part.first for _ in range(10) for part in stream.feed(np.zeros(100, int), near, reads)]
    assert whole == [100 * i for i in range(len(whole))]
    assert len(whole) >= 9


def test_a_stream_ends_once():
    stream = ReplayStream(DramConfig.from_ini(PART))
    with pytest.raises(RuntimeError, match=r"call finish\(\)"):
        _ = stream.figures
    stream.feed([0], [0], [False])
    (part,) = stream.finish()
    assert part.completed.tolist() == [26]
    for again in (lambda: stream.feed([1], [0], [False]), stream.finish):
        with pytest.raises(RuntimeError, match="the replay has ended"):
            again()
    assert stream.figures.ticks == 27


def test_an_error_ends_a_stream():
    whole = DramConfig.from_ini(PART, capacity_mib=4096, overrides={"NUM_BANKS": 8})
    last = 1 << (first_bit_of(whole, "bank") + 2)
    stream = ReplayStream(DramConfig.from_ini(PART, overrides={"NUM_BANKS": 4}))  # quirk Q1; 4 ranks too
    with pytest.raises(IndexError, match="maps to bank 4 but there are only 4"):
        stream.feed([0, 0], [0, last], [False, False])
    with pytest.raises(RuntimeError, match="the replay has ended"):
        stream.feed([0], [0], [False])


def first_bit_of(cfg, level):
    return int(
        np.argmax(getattr(cfg.map_address(np.uint64(1) << np.arange(64, dtype=np.uint64)), level) == 1)
    )


def test_force_is_said_from_the_start():
    stream = ReplayStream(DramConfig.from_ini(PART))
    stream.feed([0], [0], [False])
    with pytest.raises(ValueError, match="force must be given from the first chunk on"):
        stream.feed([0], [0], [False], force=[True])


@pytest.mark.parametrize("ask", ["total", "extra", "idle", "stop"])
def test_epochs_that_would_fill_the_memory_are_refused(ask):
    """8 banks: at most 2^20 epochs are kept."""
    cfg = DramConfig.from_ini(PART, capacity_mib=1024, overrides={"EPOCH_LENGTH": 1})
    options = {
        "total": {"total_ticks": (1 << 20) + 1},
        "extra": {"extra": 1 << 40},
        "idle": {},
        "stop": {"stop_tick": 1 << 40},
    }[ask]
    cycles = [0, 1 << 30] if ask == "idle" else [0, 0]
    expected = (
        "overrides: EPOCH_LENGTH=1: must be such that there are at most 1048576 epochs to record; "
        "this run goes beyond tick 1048576"
    )
    with pytest.raises(DramConfigError) as caught:
        replay(cycles, [0, 64], [False, True], cfg, epochs=True, **options)
    assert str(caught.value) == expected
    replay(cycles, [0, 64], [False, True], cfg, **options)
    if ask == "total":
        assert len(replay([0], [0], [False], cfg, epochs=True, total_ticks=1 << 20).epochs) == 1 << 20
