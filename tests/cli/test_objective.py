"""`--objective`, `--reserve` and `--no-cache` of run, compare and map, and what explain makes of them."""

import json

from scanfuse.mapping import OBJECTIVES
from scanfuse.results.mapping_cache import OFF
from scanfuse.results.setup import tomllib

SMALL = "mobilenet_v2 --resolution 32 --width 0.35"
ROOM = "--set buffer.entries=6000"


def test_a_run_keeps_its_objective_and_runs_again_the_same(scanfuse, tmp_path):
    done = scanfuse(f"run {SMALL} {ROOM} --schedule raster --objective energy --out a --format json")
    assert done.status == 0
    config = tomllib.loads((tmp_path / "a/config.toml").read_text())
    assert config["run"]["objective"] == "energy" and config["run"]["schedule"] == "raster"
    assert scanfuse("run a/config.toml --out b --format json").json == done.json
    plain = scanfuse(f"run {SMALL} {ROOM} --schedule raster --out c --format json").json
    assert done.json["total"]["dram_nj"] < plain["total"]["dram_nj"]
    assert "objective" not in tomllib.loads((tmp_path / "c/config.toml").read_text())["run"]
    assert scanfuse("run c/config.toml --objective energy --out d --format json").json == done.json


def test_explain_compares_what_the_objective_does(scanfuse):
    scanfuse(f"run {SMALL} {ROOM} --schedule raster --objective latency --out a")
    done = scanfuse("explain a --format json")
    assert done.status == 0
    for one in done.json["explanations"]:
        costs = [way["estimated_cost"] for way in one["ways"][1:]]
        assert costs == sorted(costs)


def test_map_and_compare_take_an_objective(scanfuse):
    figures = {}
    for objective in ("traffic", "bursts"):
        document = scanfuse(
            f"map {SMALL} {ROOM} --schedule raster --objective {objective} --format json"
        ).json
        figures[objective] = document["bursts"]
    assert figures["bursts"] < figures["traffic"]
    asked = f"compare {SMALL} {ROOM} --schedules fixed,raster --format json"
    plain, cheap = (scanfuse(f"{asked}{more}").json["schedules"] for more in ("", " --objective energy"))
    assert plain["fixed"] == cheap["fixed"]
    assert cheap["raster"]["dram_nj"] < plain["raster"]["dram_nj"]


def test_a_wrong_objective_is_refused_with_those_there_are(scanfuse):
    done = scanfuse(f"map {SMALL} --objective enrgy")
    assert (done.status, done.out) == (2, "")
    assert all(name in done.err for name in OBJECTIVES)


def test_an_objective_is_for_a_search(scanfuse, tmp_path):
    scanfuse(f"map {SMALL} --output mine.toml")
    done = scanfuse("run --mapping mine.toml --objective energy")
    assert (done.status, done.out) == (2, "")
    assert "leave out --objective" in done.err


def test_a_reserve_is_left_free(scanfuse):
    document = scanfuse(f"map {SMALL} {ROOM} --reserve 0.5 --format json").json
    assert document["live_entries"] <= 3000
    done = scanfuse(f"map {SMALL} --reserve 1.5")
    assert (done.status, done.out) == (2, "")
    assert "buffer.reserve: must be 0 or more and less than 1, got 1.5" in done.err


def test_a_search_is_kept_unless_asked_not_to(scanfuse, tmp_path, monkeypatch):
    monkeypatch.delenv(OFF)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = scanfuse(f"map {SMALL} --no-cache --format json")
    assert not (tmp_path / "cache").exists()
    assert json.loads(scanfuse(f"map {SMALL} --format json").out) == first.json
    assert len(list((tmp_path / "cache/scanfuse/mappings").iterdir())) == 1
    assert scanfuse(f"map {SMALL} --format json").json == first.json
