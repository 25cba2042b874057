"""Sweeps from Python: what they read, what they share, what they keep, and what they tell."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scanfuse
from scanfuse.hardware import load_hardware
from scanfuse.network import load
from scanfuse.results import TOTAL_COLUMNS, run
from scanfuse.results.setup import tomllib
from scanfuse.sweeps import SweepError, load_spec, pareto_front, plot_fronts, sweep
from scanfuse.sweeps.evaluate import OtherVersion, evaluate
from scanfuse.sweeps.points import Ready, check_values, in_order, make_ready, of_shard
from scanfuse.sweeps.pools import outcomes

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "sweeps").glob("*.toml"))
TINY = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
first, 18, 18, 3, 3, 4, 8, 1,
second, 16, 16, 1, 1, 8, 16, 1,
"""


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    (tmp_path / "tiny.csv").write_text(TINY)
    return str(tmp_path / "tiny.csv")


def ready(table: dict) -> list[Ready]:
    return [point for point in make_ready(load_spec(table)) if isinstance(point, Ready)]


def test_a_grid_is_every_combination_and_points_follow(tiny):
    spec = load_spec(
        {
            "base": {"network": tiny, "clock": "250 MHz"},
            "grid": {"schedule": ["raster", "scan"], "buffer": {"entries": [1024, 2048]}},
            "points": [{"array": "8x16", "schedule": "fixed"}, {"clock": "1 GHz"}],
        }
    )
    asked = [{key: value for key, value in point if key != "network"} for point in spec.points]
    assert asked == [
        {"pe_array.clock_hz": "250 MHz", "schedule": schedule, "buffer.entries": entries}
        for schedule in ("raster", "scan")
        for entries in (1024, 2048)
    ] + [
        {"pe_array.clock_hz": "250 MHz", "pe_array.rows": 8, "pe_array.columns": 16, "schedule": "fixed"},
        {"pe_array.clock_hz": "1 GHz"},
    ]


def test_paths_are_those_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    (tmp_path / "tiny.csv").write_text(TINY)
    lines = ["[grid]", 'network = "../tiny.csv"', 'part = ["mine.ini"]', 'hardware = "own.toml"']
    (tmp_path / "deep" / "a.toml").write_text("\n".join(lines))
    monkeypatch.chdir("/")
    ((*settings,),) = load_spec(tmp_path / "deep" / "a.toml").points
    assert dict(settings) == {
        "network": str(tmp_path / "tiny.csv"),
        "dram.part": str(tmp_path / "deep" / "mine.ini"),
        "hardware": str(tmp_path / "deep" / "own.toml"),
    }


GRID = '[grid]\nnetwork = "mobilenet_v2"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "bad.toml: no points; give [grid]"),
        ("[grid\n", "bad.toml: not valid TOML"),
        ('[base]\nnetwork = "mobilenet_v2"', "no points"),
        ('[grd]\nnetwork = "mobilenet_v2"', "bad.toml: grd: unknown table (did you mean grid?)"),
        ("points = 3", "bad.toml: points: expected array, got int"),
        ("points = [3]", "bad.toml: points[0]: expected object, got int"),
        ('[grid]\nschedule = "fused"', "a point without network"),
        ('[grid]\nnetwork = "mobilnet_v2"', "grid: network: unknown network 'mobilnet_v2' (did you mean"),
        ('[grid]\nnetwork = "absent.onnx"', "absent.onnx: No such file or directory"),
        ('[base]\nnetwork = ["vgg16"]\n[grid]\nschedule = "scan"', "base.network: one value here"),
        (GRID + 'schedule = ["fuzed"]', "grid: schedule: unknown schedule 'fuzed' (did you mean fused?)"),
        (GRID + 'objective = "enrgy"', "unknown objective 'enrgy' (did you mean energy?)"),
        (GRID + "buffer.entrys = 1", "bad.toml: grid: buffer.entrys: unknown key (did you mean entries?)"),
        (GRID + 'clok = "1 GHz"', "bad.toml: grid.clok: unknown key (did you mean clock?)"),
        (GRID + 'clock = "300 MHz"', "grid: pe_array.clock_hz: 300000000 Hz is a period of"),
        (GRID + "buffer = [-1]", "grid: buffer.entries: must be 1 or more, got -1"),
        (GRID + "buffer = [nan]", "grid: buffer.entries: expected a whole number, got nan"),
        (GRID + f"buffer = {10**30}", "grid: buffer.entries: "),
        (GRID + f"resolution = {10**30}", "grid.resolution: "),
        (GRID + f"buffer = {'9' * 5000}", "not valid TOML"),
        (GRID + "buffer = [[1]]", "grid.buffer: expected a number, a text, true or false, got [1]"),
        (GRID + "buffer = [8, 8]", "grid.buffer: 8 twice"),
        (GRID + 'array = ["8x8", "8 x 8"]', "grid.array: '8x8' twice"),
        (GRID + "buffer = []", "grid.buffer: an empty list"),
        (
            GRID + 'buffer = 1\n"buffer.entries" = 2',
            "grid.buffer.entries: sets buffer.entries, as",
        ),
        (GRID + 'array = "32"', "grid.array: expected rows x columns such as"),
        (GRID + "width = [nan]", "grid.width: expected float > 0"),
        (GRID + "resolution = true", "grid.resolution: expected int, got"),
        (GRID + 'part = "DDR3"', "grid: dram.part: DDR3: neither a file nor a part"),
        (GRID + 'hardware = "papr"', "unknown preset 'papr' (did you mean paper?)"),
        (GRID + f"buffer = {list(range(1, 2000))}\nresolution = {list(range(1, 2000))}", "is the most"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(tmp_path, monkeypatch, text, told):
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text(text)
    with pytest.raises(SweepError) as raised:
        check_values(load_spec("bad.toml"))
    assert told in str(raised.value) and str(raised.value).startswith("bad.toml: ")


def test_figures_are_those_of_a_run(tiny):
    grid = {"network": tiny, "schedule": ["raster", "scan"], "buffer": [1024, 4096], "array": "8x8"}
    table = sweep({"grid": grid}, jobs=1)
    assert list(table["buffer.entries"]) == [1024, 4096, 1024, 4096]
    for _, row in table.iterrows():
        settings = [f"buffer.entries={row['buffer.entries']}", "pe_array.rows=8", "pe_array.columns=8"]
        alone = run(load(tiny), row["schedule"], load_hardware("paper", settings))
        assert {name: row[name] for name in TOTAL_COLUMNS} == alone.total
        assert (row["entries"], row["extra_macs"]) == (alone.entries, alone.extra_macs)
    assert table["error"].isna().all()
    assert table["cycles"].dtype == "Int64" and table["total_nj"].dtype == "float64"


def test_a_point_that_fails_has_its_error_and_the_rest_goes_on(tiny):
    points = [{"schedule": "scan"}, {"buffer": 2}, {"resolution": 8}]
    table = sweep({"base": {"network": tiny}, "points": points}, jobs=1)
    assert table["error"].notna().tolist() == [False, True, True]
    assert table["error"][1].startswith("MappingError: ")
    assert "has sizes of its own" in table["error"][2]
    assert table["cycles"].isna().tolist() == [False, True, True]
    assert table["cycles"].dtype == "Int64" and table["total_nj"].dtype == "float64"


def test_what_is_kept_is_not_run_again(tiny, tmp_path, monkeypatch):
    spec = {"base": {"network": tiny}, "grid": {"schedule": ["raster", "scan"], "buffer": [1024, 4096]}}
    first = sweep(spec, tmp_path / "out", jobs=1)
    ran = []

    def counted(points, workers):
        ran.extend(points)
        return outcomes(points, workers)

    monkeypatch.setattr("scanfuse.sweeps.run.outcomes", counted)
    pd.testing.assert_frame_equal(sweep(spec, tmp_path / "out", jobs=1), first)
    assert ran == []
    kept = sorted((tmp_path / "out" / "points").iterdir())
    assert len(kept) == 4
    kept[0].write_text(kept[0].read_text()[:-20])
    kept[1].write_text("{}")
    kept[2].write_bytes(b"\xff")
    spec["grid"]["buffer"] = [1024, 4096, 2048]  # a sweep that has grown
    grown = sweep(spec, tmp_path / "out", jobs=1)
    assert len(ran) == 3 + 2
    old = grown[grown["buffer.entries"] != 2048]
    pd.testing.assert_frame_equal(
        old.drop(columns="point").reset_index(drop=True), first.drop(columns="point")
    )
    assert pd.read_parquet(tmp_path / "out" / "results.parquet").shape == grown.shape


def test_equal_points_run_once(tiny, tmp_path):
    spec = {
        "base": {"network": tiny},
        "points": [{"buffer": 1024}, {"buffer": 1024.0}, {"hardware": "paper"}],
    }
    table = sweep(spec, tmp_path, jobs=1)
    assert len(list((tmp_path / "points").iterdir())) == 2
    assert table["cycles"][0] == table["cycles"][1]


def test_a_key_tells_apart_whatever_changes_figures(tiny, tmp_path):
    (tmp_path / "named.toml").write_text('name = "named"')
    alike = [{"hardware": str(tmp_path / "named.toml")}, {"buffer": 65536}, {}]
    other = [
        {"energy.mac_pj": 1.0},
        {"energy.buffer_access_pj": 1.0},
        {"dram.mode": "strict"},
        {"dram.overrides.TOTAL_ROW_ACCESSES": 8},
        {"dram.part": "DDR3_micron_16M_8B_x8_sg15"},
        {"clock": "1 GHz"},
        {"array": "16x32"},
        {"dma.prefetch": False},
        {"layout": "nchw"},
        {"schedule": "scan"},
        {"objective": "energy"},
    ]
    points = ready({"base": {"network": tiny}, "points": [*alike, *other]})
    assert len(points) == len(alike) + len(other)
    assert len({point.key for point in points}) == 1 + len(other)


def test_points_that_share_work_stay_together(tiny):
    parts = ["DDR3_micron_32M_8B_x8_sg15", "DDR3_micron_16M_8B_x8_sg15"]  # bursts of equal time
    grid = {"network": tiny, "schedule": ["raster", "scan"], "buffer": [1024, 4096], "part": parts}
    grid["clock"] = ["250 MHz", "500 MHz"]
    points = ready({"grid": grid})
    ordered = in_order(points)
    assert sorted(point.index for point in ordered) == list(range(16))
    families = [point.family for point in ordered]
    assert families == [family for family in dict.fromkeys(families) for _ in range(4)]
    for start in range(0, 16, 4):
        searches = [point.search for point in ordered[start : start + 4]]
        assert searches[:2] == searches[2:] and searches[0] != searches[1]
    shards = [of_shard(ordered, (number, 3)) for number in (1, 2, 3)]
    assert sorted(point.index for shard in shards for point in shard) == list(range(16))
    assert in_order(reversed(points))[0].family == families[0]


def test_another_version_is_refused(tiny):
    (point,) = ready({"points": [{"network": tiny}]})
    assert evaluate(point, scanfuse.__version__).error is None
    with pytest.raises(OtherVersion, match="and here is 0"):
        evaluate(point, "0.0")


def test_any_defect_is_the_error_of_its_point(tiny):
    (point,) = ready({"points": [{"network": tiny}]})
    found = evaluate(replace(point, schedule=None), scanfuse.__version__)  # type: ignore[arg-type]
    assert found.figures is None and ": " in found.error


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(path, tiny):
    """Each whole, with a tiny network in the place of its own, and one clock and part instead of many."""
    check_values(load_spec(path))
    table = tomllib.loads(path.read_text())
    for place in (table.get("base", {}), table.get("grid", {})):
        place.pop("resolution", None)
        if "network" in place:
            place["network"] = tiny
        place.update({key: place[key][0] for key in ("clock", "part", "array") if key in place})
    found = sweep(table, jobs=1)
    assert found["error"].isna().all() and len(found) > 1


figures = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=30)


@given(figures)
def test_a_front_is_what_no_other_point_beats(rows):
    values = np.array(rows, dtype=float)
    table = pd.DataFrame(values, columns=["total_nj", "latency_us", "buffer.entries"])
    table = table.assign(network="n", resolution=pd.NA, width=np.nan, error=None)
    beaten = [((values <= row).all(axis=1) & (values < row).any(axis=1)).any() for row in values]
    assert set(pareto_front(table).index) == set(np.flatnonzero(~np.array(beaten)))


def test_fronts_are_by_workload():
    rows = [("a", 1.0, None), ("b", 2.0, None), ("b", 3.0, None), ("b", 0.0, "failed")]
    table = pd.DataFrame(rows, columns=["network", "total_nj", "error"])
    table = table.assign(latency_us=1.0, resolution=pd.NA, width=np.nan, **{"buffer.entries": 1})
    assert sorted(pareto_front(table).index) == [0, 1]


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_fronts_are_drawn(tiny, tmp_path, suffix, head):
    grid = {"network": tiny, "schedule": ["raster", "scan"], "buffer": [1024, 4096]}
    table = sweep({"grid": grid}, jobs=1)
    plot_fronts(table, tmp_path / f"fronts.{suffix}")
    content = (tmp_path / f"fronts.{suffix}").read_bytes()
    assert content.startswith(head) and len(content) > 5_000


def test_what_cannot_be_drawn_is_told(tiny, tmp_path, monkeypatch):
    table = sweep({"points": [{"network": tiny, "buffer": 2}]}, jobs=1)
    with pytest.raises(SweepError, match="every point failed"):
        plot_fronts(table, tmp_path / "fronts.png")
    with pytest.raises(SweepError, match=r"must end in one of .png, .svg, .pdf"):
        plot_fronts(table, tmp_path / "fronts.jpg")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SweepError, match=r"pip install 'scanfuse\[plot\]'"):
        plot_fronts(table, tmp_path / "fronts.png")
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.csv"]


def test_kept_figures_are_plain_json(tiny, tmp_path):
    table = sweep({"points": [{"network": tiny}]}, tmp_path, jobs=1)
    (kept,) = (tmp_path / "points").iterdir()
    figures = json.loads(kept.read_text())
    assert figures["total_nj"] == table["total_nj"][0] and figures["macs"] == table["macs"][0]
