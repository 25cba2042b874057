"""Every bound of the domain in which DRAMSim2 works (DRAM_MODEL 2.6), on both sides: the last value that is
taken, and the first that is refused with an error that names key and bound."""

import numpy as np
import pytest

from scanfuse.dram import DramConfig, DramConfigError, NoProgress, replay

PART = "DDR3_micron_16M_8B_x8_sg15"  # 1 GiB a rank; tRCD 10, tRFC 74, tCK 1.5 ns
FILES = dict(DramConfig.from_ini(PART).files)
TWO_RANKS, ONE_RANK, SIXTEEN = 2048, 1024, 16384

# what: (settings taken, settings refused, capacity in MiB, the error's beginning after `device: `)
BOUNDS = {
    "tCMD": ({"tCMD": 1}, {"tCMD": 2}, ONE_RANK, "tCMD=2: must be 1 "),
    "tCMD, below": ({"tCMD": 1}, {"tCMD": 0}, ONE_RANK, "tCMD=0: must be 1 "),
    "tFAW": ({"tFAW": 1}, {"tFAW": 0}, ONE_RANK, "tFAW=0: must be at least 1"),
    "tRP": ({"tRP": 1}, {"tRP": 0}, ONE_RANK, "tRP=0: must be at least 1"),
    "tRFC": ({"tRFC": 1}, {"tRFC": 0}, ONE_RANK, "tRFC=0: must be at least 1"),
    "CL+AL": ({"CL": 2}, {"CL": 1}, ONE_RANK, "CL=1: must be such that CL+AL is at least 2"),
    "CL+AL, posted": ({"CL": 1, "AL": 1}, {"CL": 0, "AL": 1}, ONE_RANK, "CL=0: must be such that CL+AL"),
    "AL": ({"AL": 10}, {"AL": 11}, ONE_RANK, "AL=11: must be at most tRCD=10"),
    "AL, ranks": ({"AL": 7}, {"AL": 8}, TWO_RANKS, "AL=8: must be at most 1+tRCD-BL/2=7 with several ranks"),
    "BL, ranks": (
        {"tRCD": 7, "BL": 16},
        {"tRCD": 6, "BL": 16},
        TWO_RANKS,
        "AL=0: must be at most 1+tRCD-BL/2=-1 with several ranks",
    ),
    "tRTRS, ranks": (
        {"BL": 1, "tRTRS": 1},
        {"BL": 1, "tRTRS": 0},
        TWO_RANKS,
        "tRTRS=0: must be at least 1 with several ranks and BL=1",
    ),
    "CMD_QUEUE_DEPTH": (
        {"CMD_QUEUE_DEPTH": 2},
        {"CMD_QUEUE_DEPTH": 1},
        ONE_RANK,
        "CMD_QUEUE_DEPTH=1: must be at least 2",
    ),
    "TRANS_QUEUE_DEPTH": (
        {"TRANS_QUEUE_DEPTH": 1},
        {"TRANS_QUEUE_DEPTH": 0},
        ONE_RANK,
        "TRANS_QUEUE_DEPTH=0: must be at least 1",
    ),
    "TOTAL_ROW_ACCESSES": (
        {"TOTAL_ROW_ACCESSES": 1},
        {"TOTAL_ROW_ACCESSES": 0},
        ONE_RANK,
        "TOTAL_ROW_ACCESSES=0: must be at least 1",
    ),
    "EPOCH_LENGTH": (
        {"EPOCH_LENGTH": 1},
        {"EPOCH_LENGTH": 0},
        ONE_RANK,
        "EPOCH_LENGTH=0: must be at least 1",
    ),
    "stagger": (  # 16 ranks need 16 ticks of 1.5 ns
        {"REFRESH_PERIOD": 24},
        {"REFRESH_PERIOD": 23},
        SIXTEEN,
        "REFRESH_PERIOD=23: must be long enough for one tick per rank (REFRESH_PERIOD/tCK >= 16)",
    ),
    "refresh": (
        {"REFRESH_PERIOD": 75, "tCK": 1.0},
        {"REFRESH_PERIOD": 74, "tCK": 1.0},
        ONE_RANK,
        "REFRESH_PERIOD=74: must be more than tRFC=74 ticks of tCK (this has 74), or a rank does nothing but",
    ),
    "refresh, ranks": (  # less than tRFC serves because refreshes are lost (quirk Q4)
        {"REFRESH_PERIOD": 36, "tCK": 1.0},
        {"REFRESH_PERIOD": 37, "tCK": 1.0},
        TWO_RANKS,
        "REFRESH_PERIOD=37: must be more than tRFC=74 ticks of tCK (this has 37), or a rank does nothing but",
    ),
    "BL, time": (
        {"REFRESH_PERIOD": 120, "tCK": 1.0, "BL": 1024},
        {"REFRESH_PERIOD": 113, "tCK": 1.0, "BL": 1024},
        ONE_RANK,
        "BL=1024: must be at most nine times REFRESH_PERIOD/tCK (1017 ticks)",
    ),
}
for _key in "CL tRAS tRCD tRRD tRC tRP tCCD tRTP tWTR tWR tRTRS tRFC tFAW tCKE tXP".split():
    BOUNDS[f"{_key}, time"] = (
        {"REFRESH_PERIOD": 101, "tCK": 1.0, _key: 909},
        {"REFRESH_PERIOD": 101, "tCK": 1.0, _key: 910},
        TWO_RANKS,
        f"{_key}=910: must be at most nine times REFRESH_PERIOD/tCK (909 ticks)",
    )
BOUNDS["tRFC, time"][0]["tRFC"] = 908  # 909 is nine times 101, which two ranks cannot have
for _key in ("NUM_CHANS", "NUM_BANKS", "NUM_ROWS", "NUM_COLS", "DEVICE_WIDTH", "JEDEC_DATA_BUS_BITS", "BL"):
    _value = int(FILES[_key])
    _text = "a power of two"
    for _wrong in (0, 2 * _value - 1 if _value > 1 else 3, 2 * _value + 1):
        BOUNDS[f"{_key}={_wrong}"] = (
            {_key: _value},
            {_key: _wrong},
            TWO_RANKS,
            f"{_key}={_wrong}: must be {_text}",
        )


def configure(changes, capacity, mode="dramsim2"):
    return DramConfig.from_ini(FILES | changes, {}, capacity, mode=mode)


@pytest.mark.parametrize("name", BOUNDS)
def test_bound(name):
    taken, refused, capacity, text = BOUNDS[name]
    cfg = configure(taken, capacity)
    if name != "stagger":  # which leaves no time for anything else
        count = 40
        done = replay(np.zeros(count, int), np.arange(count) * 64 * 1031, np.arange(count) % 2, cfg).completed
        assert (done > 0).all()
    with pytest.raises(DramConfigError) as error:
        configure(refused, capacity)
    assert str(error.value).removeprefix("device: ").startswith(text)


def test_no_time_between_refreshes():
    """What no sum of settings tells is told by the run: here four ranks leave each other no time."""
    for t_rfc, works in ((5, True), (6, False)):
        cfg = configure({"REFRESH_PERIOD": 7, "tCK": 1.0, "tRFC": t_rfc, "USE_LOW_POWER": False}, 4096)
        stream = [400] * 60, np.arange(60) * 64 * 1031, np.arange(60) % 3 == 0, cfg
        if works:
            assert (replay(*stream).completed > 400).all()
        else:
            with pytest.raises(NoProgress, match=r"REFRESH_PERIOD/tCK must leave time after tRFC"):
                replay(*stream)


STRICT = {
    "tCMD": ({"tCMD": 3}, {"tCMD": 0}, ONE_RANK, "tCMD=0: must be at least 1"),
    "tFAW": ({"tFAW": 0}, None, ONE_RANK, ""),
    "AL": ({"AL": 10}, {"AL": 11}, TWO_RANKS, "AL=11: must be at most tRCD=10"),
    "TOTAL_ROW_ACCESSES": (
        {"TOTAL_ROW_ACCESSES": 1},
        {"TOTAL_ROW_ACCESSES": 0},
        ONE_RANK,
        "TOTAL_ROW_ACCESSES=0: must be at least 1",
    ),
    "REFRESH_PERIOD": (
        {"REFRESH_PERIOD": 86, "tCK": 1.0},
        {"REFRESH_PERIOD": 85, "tCK": 1.0},
        ONE_RANK,
        "REFRESH_PERIOD=85: must be at least tRFC+tRCD-AL+tCMD+1=86 ticks of tCK (this has 85)",
    ),
    "REFRESH_PERIOD, ranks": (
        {"REFRESH_PERIOD": 720, "tCK": 1.0},
        {"REFRESH_PERIOD": 719, "tCK": 1.0},
        SIXTEEN,
        "REFRESH_PERIOD=719: must be at least 45 ticks of tCK for each of the 16 ranks (this has 44)",
    ),
}


@pytest.mark.parametrize("name", STRICT)
def test_bound_of_strict_mode(name):
    taken, refused, capacity, text = STRICT[name]
    count = 40
    cfg = configure(taken, capacity, "strict")
    done = replay(np.zeros(count, int), np.arange(count) * 64 * 1031, np.arange(count) % 2, cfg).completed
    assert (done > 0).all()
    if refused is not None:
        with pytest.raises(DramConfigError) as error:
            configure(refused, capacity, "strict")
        assert str(error.value).removeprefix("device: ").startswith(text)
