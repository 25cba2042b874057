"""Does an installation know itself: the doctor's report, and the figures it holds the engine to?"""

import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from scanfuse import __version__
from scanfuse.cli import main
from scanfuse.commands import doctor
from scanfuse.results import load_golden
from scanfuse.results.conformance import REFERENCE

CASES = Path(__file__).parents[1] / "dram_reference"


def test_the_doctor_finds_this_installation_well(capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0].split()[:2] == ["scanfuse", f"{__version__},"]
    assert sys.executable in told and "_engine." in told
    assert "the engine is right: 850 requests" in told


def test_absent_parts_are_told_with_the_way_to_get_them(monkeypatch, capsys):
    def absent(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(doctor, "version", absent)
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert all(f"pip install 'scanfuse[{extra}]'" in told for extra, _ in doctor.EXTRAS.values())


def test_an_engine_that_is_wrong_is_found_out(monkeypatch, capsys, tmp_path):
    for file in (REFERENCE, REFERENCE.with_name("reference.csv")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    wrong = (tmp_path / "reference.toml").read_text().replace("activates = 850", "activates = 851")
    (tmp_path / "reference.toml").write_text(wrong)
    monkeypatch.setattr("scanfuse.results.conformance.REFERENCE", tmp_path / "reference.toml")
    assert main(["doctor"]) == 1
    assert "the engine is WRONG here: 1 figures" in capsys.readouterr().out


def test_what_the_doctor_holds_to_was_measured_on_dramsim2(monkeypatch):
    monkeypatch.syspath_prepend(CASES)
    from dram_golden import ACCUMULATORS, load

    from scanfuse.dram import read_trace

    case = load(CASES / "cases" / "public-mixed-00027.json")
    measured, figures = case.meta["expected"], load_golden(REFERENCE).figures
    ranks = [rank for channel in measured["chan"] for rank in channel["rank"]]
    assert figures["figures"]["dram_ticks"] == measured["cycles"]
    for ours, theirs in ACCUMULATORS.items():
        assert figures["accumulators"][ours] == sum(rank[theirs] for rank in ranks)
    counted = figures["counters"]
    assert counted["activates"] == sum(rank["cmds"]["ACT"] for rank in ranks)
    assert counted["refreshes"] == sum(rank["cmds"]["REF"] for rank in ranks)
    assert counted["power_down_ticks"] == sum(rank["pd_cycles"] for rank in ranks)
    reads = (case.flags & 1) == 0
    latency = (case.completed - case.accepted)[reads].mean()
    assert figures["figures"]["mean_read_latency_ticks"] == pytest.approx(latency, rel=1e-12)
    trace = read_trace(REFERENCE.with_name("reference.csv"))
    assert (trace.cycles == case.cycles).all() and (trace.addresses == case.addresses).all()
