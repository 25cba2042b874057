"""Searches kept on disk: made once, never stale, never wrong, and never in the way."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from scanfuse.hardware import load_hardware
from scanfuse.mapping import MappingError, make_mapping
from scanfuse.network import load
from scanfuse.results import dram_config, map_network
from scanfuse.results.mapping_cache import OFF, digest_of, mappings_folder, remembered
from scanfuse.results.run import lay_out

NETWORK = load("mobilenet_v2", 32, 0.35)
HARDWARE = load_hardware("paper", ["buffer.entries=6000"])
CONFIG = dram_config(HARDWARE)
MAPPING = make_mapping(NETWORK, "fused", HARDWARE)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(OFF, raising=False)
    return tmp_path / "scanfuse" / "mappings"


class Searches:
    """A search that counts itself."""

    def __init__(self, mapping=MAPPING):
        self.mapping, self.made = mapping, 0

    def __call__(self):
        self.made += 1
        return self.mapping


def ask(search, objective="traffic", network=NETWORK, hardware=HARDWARE, config=CONFIG, schedule="fused"):
    return remembered(network, schedule, hardware, config, objective, search)


def test_a_search_is_made_once(folder):
    search = Searches()
    assert ask(search) == ask(search) == MAPPING
    assert search.made == 1
    assert mappings_folder() == folder
    (kept,) = folder.iterdir()
    assert kept.name == f"{digest_of(NETWORK, 'fused', HARDWARE, CONFIG, 'traffic')}.toml"


@pytest.mark.parametrize("schedule", ["fixed", "raster", "scan", "fused", "resident", "deep"])
def test_every_schedule_comes_back_as_it_was(schedule):
    first = map_network(NETWORK, schedule, HARDWARE, CONFIG)
    assert first == map_network(NETWORK, schedule, HARDWARE, CONFIG)
    assert first == lay_out(make_mapping(NETWORK, schedule, HARDWARE), HARDWARE, CONFIG)


def test_a_cache_of_tiles_comes_back_as_it_was():
    hardware = load_hardware("paper", ["buffer.policy=lru"])
    first = map_network(NETWORK, "scan", hardware, CONFIG)
    assert first == map_network(NETWORK, "scan", hardware, CONFIG)


def test_a_network_made_by_hand_comes_back_too():
    network = replace(NETWORK, name="mine", origin=None)
    search = Searches(replace(MAPPING, network=network))
    assert ask(search, network=network) == ask(search, network=network) == search.mapping
    assert search.made == 1


def test_whatever_decides_a_search_makes_another():
    other = load_hardware("paper", ["buffer.entries=6000", "dram.overrides.TOTAL_ROW_ACCESSES=8"])
    asked = [
        {},
        {"objective": "energy"},
        {"schedule": "scan"},
        {"network": load("mobilenet_v2", 32, 0.5)},
        {"hardware": load_hardware("paper", ["buffer.entries=6001"])},
        {"objective": "energy", "hardware": other, "config": dram_config(other)},
        {"config": dram_config(load_hardware("paper", ["dram.part=DDR3_micron_32M_8B_x8_sg25E"]))},
    ]
    names = {
        digest_of(
            one.get("network", NETWORK),
            one.get("schedule", "fused"),
            one.get("hardware", HARDWARE),
            one.get("config", CONFIG),
            one.get("objective", "traffic"),
        )
        for one in asked
    }
    assert len(names) == len(asked)


@pytest.mark.parametrize(
    "setting",
    [
        "dram.part=DDR3_micron_16M_8B_x8_sg15",  # bursts as before
        "dram.overrides.TOTAL_ROW_ACCESSES=8",
        "energy.mac_pj=3.0",
        "dram.mode=strict",
    ],
)
def test_what_a_search_is_not_told_makes_no_other(setting):
    other = load_hardware("paper", ["buffer.entries=6000", setting])
    asked = ((HARDWARE, CONFIG), (other, dram_config(other)))
    assert len({digest_of(NETWORK, "fused", *one, "traffic") for one in asked}) == 1
    found = [map_network(NETWORK, "fused", *one, cache=False) for one in asked]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("tile_p = 1\n", "tile_p = 2\n", 1),
        lambda text: "x" + text,
        lambda text: text.partition("\n")[2],
    ],
)
def test_a_damaged_file_is_written_anew(folder, damage):
    search = Searches()
    ask(search)
    (kept,) = folder.iterdir()
    whole = kept.read_text()
    kept.write_text(damage(whole))
    assert kept.read_text() != whole
    assert ask(search) == MAPPING
    assert search.made == 2
    assert kept.read_text() == whole


def test_bytes_that_are_no_text_are_written_anew(folder):
    search = Searches()
    ask(search)
    (kept,) = folder.iterdir()
    kept.write_bytes(b"\xff\xfe\x00")
    assert ask(search) == MAPPING and search.made == 2


def test_it_can_be_switched_off(folder, monkeypatch):
    map_network(NETWORK, "scan", HARDWARE, CONFIG, cache=False)
    monkeypatch.setenv(OFF, "1")
    search = Searches()
    assert ask(search) == ask(search) == MAPPING
    assert search.made == 2
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_keeps_nothing(folder, tmp_path):
    (tmp_path / "scanfuse").write_text("in the way")
    search = Searches()
    assert ask(search) == ask(search) == MAPPING
    assert search.made == 2


def test_an_error_is_told_and_not_kept(folder):
    def fails():
        raise MappingError("no tile fits")

    with pytest.raises(MappingError, match="no tile fits"):
        ask(fails)
    assert not folder.exists()


def test_many_at_once_find_the_same(folder):
    search = Searches()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: ask(search), range(32)))
    assert all(one == MAPPING for one in found)
    assert len(list(folder.iterdir())) == 1
