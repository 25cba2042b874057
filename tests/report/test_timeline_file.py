"""`scanfuse run --save-timeline`: trace events that Perfetto opens, and the run's own figures in them."""

import gzip
import json
from collections import defaultdict
from itertools import pairwise

import pytest

from scanfuse.cli import main
from scanfuse.hardware import load_hardware
from scanfuse.network import load
from scanfuse.results import Setup, run, write_run
from scanfuse.results.trace_events import write_timeline


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    place = tmp_path_factory.mktemp("timeline")
    done = run(load("mobilenet_v2", resolution=32), "fused", load_hardware())
    write_run(place / "out", done, Setup("mobilenet_v2", "fused", 32))
    write_timeline(place / "t.json", done)
    write_timeline(place / "t.json.gz", done)
    return place


@pytest.fixture(scope="module")
def events(saved):
    return json.loads((saved / "t.json").read_text())["traceEvents"]


def test_every_event_is_as_the_format_says(events):
    named = {(e["pid"], e["tid"]) for e in events if (e["ph"], e["name"]) == ("M", "thread_name")}
    for event in events:
        assert event["ph"] in "MXC"
        assert isinstance(event["name"], str) and {"pid", "tid", "args"} <= event.keys()
        if event["ph"] == "X":
            assert event["ts"] >= 0 and event["dur"] >= 0
            assert (event["pid"], event["tid"]) in named
        if event["ph"] == "C":
            assert event["args"] and all(isinstance(value, (int, float)) for value in event["args"].values())
    names = {event["args"]["name"] for event in events if event["ph"] == "M"}
    assert {"groups", "pe_array", "dma_in", "dma_out", "DRAM: requests in flight"} <= names


def test_slices_of_a_track_do_not_overlap(events):
    tracks = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for slices in tracks.values():
        ordered = sorted(slices)
        assert all(b[0] >= a[1] - 1e-6 for a, b in pairwise(ordered))


def test_slices_hold_the_figures_of_the_run(events, saved):
    summary = json.loads((saved / "out" / "summary.json").read_text())
    total = summary["total"]
    tracks = {e["args"]["name"]: e["tid"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    computing = [e["dur"] for e in events if e["ph"] == "X" and e["tid"] == tracks["pe_array"]]
    assert sum(computing) == pytest.approx(total["compute_us"])
    busy = [e["dur"] for e in events if e["ph"] == "X" and e["name"] == "in flight"]
    assert sum(busy) == pytest.approx(total["memory_us"])
    for tensor in ("ifmap", "weight", "ofmap", "psum", "residual"):
        name = f"{tensor}_bytes"
        assert sum(e["args"].get(name, 0) for e in events if e["ph"] == "X") == total[name]
    levels = [e["args"]["entries"] for e in events if e["name"] == "buffer entries claimed"]
    assert 0 < max(levels) <= summary["peak_claimed_entries"] and levels[-1] == 0
    groups = [e["args"]["group"] for e in events if e["ph"] == "X" and "group" in e["args"]]
    assert groups == [row["group"] for row in summary["groups"]]


def test_a_run_saves_it(folder):
    found = json.loads((folder / "timeline.json").read_text())["traceEvents"]
    assert sum(event["ph"] == "X" for event in found) > 0


def test_packed_it_is_the_same(saved, events):
    with gzip.open(saved / "t.json.gz") as file:
        assert json.load(file)["traceEvents"] == events


@pytest.mark.parametrize(
    ("name", "told"), [("t.txt", "must end in .json or .json.gz"), ("no/t.json", "no folder no")]
)
def test_a_bad_place_is_told_before_the_work(tmp_path, monkeypatch, capsys, name, told):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "mobilenet_v2", "--save-timeline", name]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
