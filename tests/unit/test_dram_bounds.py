"""Arguments that would overflow what the engine counts with are refused, not wrapped."""

from pathlib import Path

import pytest

from scanfuse.cli import main
from scanfuse.dram import DramConfig, DramConfigError, replay

PART = "DDR3_micron_32M_8B_x8_sg15"


@pytest.mark.parametrize("cycle", [1 << 48, (1 << 63) - 1])
def test_cycles_that_would_overflow_the_accumulators(cycle: int) -> None:
    with pytest.raises(ValueError, match=rf"cycles must be below 2\^48 \(found {cycle}\)"):
        replay([0, cycle], [0, 64], [False, True], DramConfig.from_ini(PART))


@pytest.mark.parametrize("name", ["extra", "total_ticks", "stop_tick"])
def test_runs_that_would_overflow_the_accumulators(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}=\d+: must be a whole number from 0 to 2\^48-1"):
        replay([0], [0], [False], DramConfig.from_ini(PART), **{name: 1 << 48})


@pytest.mark.parametrize("capacity", ["abc", None, float("inf"), float("nan"), 2.5, -1, 3, True])
def test_capacities_that_are_none(capacity: object) -> None:
    with pytest.raises(DramConfigError, match=r"capacity_mib=.*power of two"):
        DramConfig.from_ini(PART, capacity_mib=capacity)  # type: ignore[arg-type]


def test_a_replay_prints_its_summary_as_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "mase_two.trc"
    trace.write_text("0x0 READ 0\n0x40 WRITE 5\n")
    assert main(["replay", str(trace), "--format", "csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert len(header.split(",")) == len(row.split(","))
    assert "accumulators.burst" in header
