"""`scanfuse compare`: the table of savings, and its machine-readable forms."""

import io

import pandas as pd
import pytest

from scanfuse.results import COLUMNS, TOTAL_COLUMNS

SMALL = "compare mobilenet_v2 --resolution 32"
NAMES = ["fixed", "raster", "scan", "fused", "resident", "deep"]


def rows_of(table: str, first: str) -> list[list[str]]:
    """The rows below the first heading that starts with a word, up to the next blank line."""
    lines = table.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(first)) + 2
    stop = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    return [line.split() for line in lines[start:stop]]


def test_all_six_schedules_by_default(scanfuse):
    done = scanfuse(SMALL)
    assert (done.status, done.err) == (0, "")
    assert [row[0] for row in rows_of(done.out, "schedule")] == NAMES
    assert "uJ" in done.out and "least entries" in done.out


def test_the_time_is_divided(scanfuse):
    done = scanfuse(f"{SMALL} --schedules raster,fused")
    total = scanfuse(f"{SMALL} --schedules raster,fused --format json").json["schedules"]
    shown = done.out[done.out.index("compute ms") - 20 :]
    for row in rows_of(shown, "schedule"):
        figures = total[row[0]]
        wanted = [figures[f"{part}_us"] / 1e3 for part in ("compute", "memory", "overlap", "stall")]
        assert [float(cell) for cell in row[1:5]] == pytest.approx(wanted, abs=0.0006)
        assert float(row[6]) == pytest.approx(100 * figures["stall_bandwidth_utilization"], abs=0.06)
    assert all(len(line) <= 120 for line in done.out.splitlines())


def test_json_has_the_promised_shape(scanfuse):
    document = scanfuse(f"{SMALL} --format json").json
    assert list(document) == ["network", "hardware", "bounds", "schedules"]
    assert document["network"] == "mobilenet_v2_1_32"
    assert document["hardware"] == "paper"
    assert list(document["bounds"]) == ["network_entries", "layer_by_layer_entries"]
    assert list(document["schedules"]) == NAMES
    for row in document["schedules"].values():
        assert list(row) == ["entries", "extra_macs", *TOTAL_COLUMNS]


def test_compare_and_run_agree(scanfuse):
    compared = scanfuse(f"{SMALL} --schedules fused --format json").json["schedules"]["fused"]
    total = scanfuse("run mobilenet_v2 --resolution 32 --format json").json["total"]
    assert {name: compared[name] for name in TOTAL_COLUMNS} == total


def test_per_layer_adds_rows(scanfuse):
    layers = scanfuse(f"{SMALL} --schedules raster,fused --per-layer --format json").json["schedules"]
    assert [list(row) for row in layers["fused"]["layers"]] == [list(COLUMNS)] * 64
    done = scanfuse(f"{SMALL} --schedules raster,fused --per-layer")
    rows = rows_of(done.out, "#")
    assert len(rows) == 64
    assert float(rows[0][3]) == pytest.approx(layers["raster"]["layers"][0]["dram_nj"] / 1e3, abs=0.006)


def test_csv_is_a_row_per_schedule_or_layer(scanfuse):
    table = pd.read_csv(io.StringIO(scanfuse(f"{SMALL} --format csv").out))
    assert list(table.columns) == ["schedule", "entries", "extra_macs", *TOTAL_COLUMNS]
    assert list(table["schedule"]) == NAMES
    layers = pd.read_csv(io.StringIO(scanfuse(f"{SMALL} --schedules scan --per-layer --format csv").out))
    assert list(layers.columns) == ["schedule", *COLUMNS]
    assert len(layers) == 64


def test_nothing_is_saved_against_what_was_not_run(scanfuse):
    alone = rows_of(scanfuse(f"{SMALL} --schedules fixed").out, "schedule")
    both = rows_of(scanfuse(f"{SMALL} --schedules raster,fixed").out, "schedule")
    assert len(both[1]) == len(alone[0]) + 1


def test_settings_stand_in_the_title(scanfuse):
    done = scanfuse(f"{SMALL} --schedules fixed --set buffer.entries=9000")
    assert "paper with buffer.entries=9000" in done.out.splitlines()[0]


def test_a_cache_of_small_tiles_runs_layer_by_layer(scanfuse):
    """Scan moves less than raster in any one loop order, down to the DRAM's own counts."""
    lru = f"{SMALL} --buffer-policy lru --set buffer.entries=2048 --set buffer.lru_order=nmk --format json"
    schedules = scanfuse(lru).json["schedules"]
    assert list(schedules) == ["fixed", "raster", "scan"]
    for figure in ("entries", "dram_requests", "dram_nj"):
        assert schedules["scan"][figure] < schedules["raster"][figure]
    refused = scanfuse(f"{SMALL} --buffer-policy lru --schedules scan,fused")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.splitlines()[-1] == (
        'scanfuse: error: schedule fused: with buffer.policy = "lru" a network runs layer by layer: choose '
        'fixed, raster, scan, or buffer.policy = "explicit"'
    )
