"""Strict mode: is the engine what strict_twin.py says, and is all that it does legal?"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jedec import violations
from strict_twin import StrictTwin
from test_legality import EXAMPLES
from test_twin import compare, configure, memories
from test_twin import streams as short_streams
from traffic import POLICIES, STRUCTURES, capacity_mib, settings_of, shipped, streams

from scanfuse.dram import DramConfig, DramConfigError, parts, replay

COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@st.composite
def strict_memories(draw):
    """Any memory that strict mode takes: wider buses for commands, more writes in flight, room to refresh."""
    c, ranks = draw(memories())
    c["tCMD"] = draw(st.sampled_from([1, 1, 1, 2, 3]))
    c["tFAW"] = draw(st.sampled_from([0, c["tFAW"]]))
    c["AL"] = draw(st.sampled_from([0, c["AL"], c["tRCD"]]))  # quirk Q8 is no bound here
    c["CL"] = max(c["CL"], 2)
    while True:
        try:
            configure(c, ranks, "strict")
            return c, ranks
        except DramConfigError as error:
            assert "REFRESH_PERIOD" in str(error)
            c["REFRESH_PERIOD"] += 50


@settings(max_examples=150, **COMMON)
@given(strict_memories(), short_streams(1 << 28), st.sampled_from([0, 1, 700]))
def test_engine_equals_strict_twin(memory, requests, extra):
    compare(*memory, requests, extra, StrictTwin, "strict")


@pytest.mark.slow
@settings(max_examples=3000, **COMMON)
@given(strict_memories(), short_streams(1 << 28), st.sampled_from([0, 1, 700]))
def test_engine_equals_strict_twin_at_length(memory, requests, extra):
    compare(*memory, requests, extra, StrictTwin, "strict")


def check_legal(c, ranks, requests, extra=3000):
    """No violation, every request served where it lives, no refresh lost."""
    cfg = DramConfig.from_ini(c, {}, capacity_mib(c, ranks), mode="strict")
    assert cfg.num_ranks == ranks
    cycles, addresses, is_write, force = (np.array(each) for each in zip(*requests, strict=True))
    result = replay(cycles, addresses, is_write, cfg, force=force, commands=True, extra=extra)
    commands = list(result.commands.itertuples(index=False, name=None))
    assert violations(commands, c, ranks, result.ticks) == []
    served = sorted((row[1][:2], *row[2:]) for row in commands if row[1] in ("RD", "RDA", "WR", "WRA"))
    places = zip(*(each.tolist() for each in cfg.map_address(addresses)), strict=True)
    kinds = np.where(is_write, "WR", "RD").tolist()
    assert served == sorted((kind, *place) for kind, place in zip(kinds, places, strict=True))
    period, stagger = cfg.derived["refresh_period_ticks"], cfg.derived["refresh_stagger_ticks"]
    for rank, made in enumerate(result.counters["refreshes"].tolist()):
        due = max(0, (result.ticks - 1 - stagger * (rank % ranks + 1)) // period + 1)
        assert due - 8 <= made <= due
    return result


@settings(max_examples=250, **COMMON)
@given(shipped(), streams())
def test_shipped_parts_are_legal(memory, requests):
    check_legal(*memory, requests)


@settings(max_examples=150, **COMMON)
@given(strict_memories(), streams())
def test_any_memory_is_legal(memory, requests):
    check_legal(*memory, requests)


@pytest.mark.slow
@settings(max_examples=3000, **COMMON)
@given(st.one_of(shipped(), strict_memories()), streams(200))
def test_all_is_legal_at_length(memory, requests):
    check_legal(*memory, requests)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("part", parts())
def test_a_part_under_load_is_legal(part, policy, structure):
    c = settings_of(part) | {"ROW_BUFFER_POLICY": policy, "QUEUING_STRUCTURE": structure}
    rng = np.random.default_rng(1)
    addresses = rng.integers(0, 1 << 36, 1500).tolist()
    check_legal(c, 4, [(0, address, address % 3 == 0, False) for address in addresses], extra=60_000)


@pytest.mark.parametrize("quirk", EXAMPLES)
def test_what_breaks_the_rules_in_dramsim2_mode_does_not_here(quirk):
    part, changes, ranks, requests, _ = EXAMPLES[quirk]
    check_legal(settings_of(part) | changes, ranks, requests)
