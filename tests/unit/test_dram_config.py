"""Reading memory systems: what is accepted, what is refused, and in which words."""

import math
import pickle

import pytest

from scanfuse.dram import DramConfig, DramConfigError, DramConfigWarning, parts

PART = "DDR3_micron_32M_8B_x8_sg15"


@pytest.fixture
def device_text():
    from scanfuse.dram.parts import part_path

    return part_path(PART).read_text()


def from_text(tmp_path, text, **more):
    path = tmp_path / "device.ini"
    path.write_bytes(text.encode())
    return DramConfig.from_ini(path, **more)


def test_the_parts_load():
    assert len(parts()) == 37
    for name in parts():
        cfg = DramConfig.from_ini(name)
        assert cfg.name == name
        assert cfg.transaction_bytes == (64 if name.startswith("DDR3") else 32)


def test_what_a_part_amounts_to():
    cfg = DramConfig.from_ini(PART)
    assert (cfg.tck_ps, cfg.vdd) == (1500, 1.5)
    assert (cfg.num_channels, cfg.num_ranks, cfg.num_banks, cfg.num_devices) == (1, 1, 8, 8)
    assert cfg.capacity_bytes == 2 << 30
    assert math.isclose(cfg.peak_bandwidth_bytes_per_s, 10.6667e9, rel_tol=1e-4)
    assert cfg["tRCD"] == 10
    assert cfg["ROW_BUFFER_POLICY"] == "open_page"


def test_configurations_are_values():
    cfg = DramConfig.from_ini(PART, overrides={"CL": 11})
    same = DramConfig.from_ini(PART, overrides={"CL": "11"})
    assert cfg == same
    assert hash(cfg) == hash(same)
    assert pickle.loads(pickle.dumps(cfg)) == cfg
    assert DramConfig.from_dict(cfg.to_dict()) == cfg
    assert cfg != DramConfig.from_ini(PART)


def test_less_than_a_rank_gives_a_rank():
    assert DramConfig.from_ini("DDR3_micron_64M_8B_x4_sg15", capacity_mib=2048).capacity_bytes == 4 << 30


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("tCMD", 2, "must be 1"),
        ("tFAW", 0, "at least 1"),
        ("tRP", 0, "at least 1"),
        ("AL", 11, "at most tRCD=10"),
        ("CL", 1, "CL\\+AL is at least 2"),
        ("CMD_QUEUE_DEPTH", 1, "at least 2"),
        ("TRANS_QUEUE_DEPTH", 0, "at least 1"),
        ("TOTAL_ROW_ACCESSES", 0, "at least 1"),
        ("EPOCH_LENGTH", 0, "at least 1"),
        ("NUM_CHANS", 3, "a power of two"),
        ("NUM_BANKS", 0, "a power of two"),
        ("REFRESH_PERIOD", 1, "long enough for one tick per rank"),
        ("tCK", 0, "a positive number"),
        ("DEVICE_WIDTH", 128, "at most JEDEC_DATA_BUS_BITS=64"),
    ],
)
def test_values_outside_the_model_are_refused(key, value, allowed):
    with pytest.raises(DramConfigError, match=f"overrides: {key}={value}: must be .*{allowed}|{allowed}"):
        DramConfig.from_ini(PART, overrides={key: value})


@pytest.mark.parametrize("capacity", [0, -1, 3, 2047, 2048.5, 1 << 70])
def test_capacity_is_a_power_of_two(capacity):
    with pytest.raises(DramConfigError, match="capacity_mib="):
        DramConfig.from_ini(PART, capacity_mib=capacity)


def test_errors_name_file_line_and_key(tmp_path, device_text):
    broken = device_text.replace("tRCD=10", "tRCD=ten")
    line = broken.splitlines().index("tRCD=ten") + 1
    with pytest.raises(DramConfigError, match=rf"device.ini:{line}: tRCD='ten': must be a whole number"):
        from_text(tmp_path, broken)
    with pytest.raises(
        DramConfigError, match=rf"device.ini:{line}: tRCD=0.*|device.ini:\d+: AL=4: must be at most"
    ):
        from_text(tmp_path, device_text.replace("tRCD=10", "tRCD=0").replace("AL=0", "AL=4"))
    with pytest.raises(DramConfigError, match=r"device.ini:3: found 'nonsense': expected KEY=value"):
        from_text(tmp_path, "; a\n;b\nnonsense\n")
    with pytest.raises(DramConfigError, match=r"device.ini: missing tRCD$"):
        from_text(tmp_path, device_text.replace("tRCD=10\n", ""))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("trcd=10", "trcd: unknown key .did you mean tRCD"),
        (" TRCD = 10", "TRCD: unknown key .did you mean tRCD"),
        ("tRCD 2=10", "'tRCD 2': unknown key .did you mean tRCD"),
        ("BANKS=8", "BANKS: unknown key .did you mean NUM_BANKS"),
        ("QQQ=8", "QQQ: unknown key$"),
        ("=8", "'': unknown key$"),
    ],
)
def test_an_unknown_key_is_an_error(tmp_path, device_text, line, told):
    for text in (device_text.replace("tRCD=10", line), f"{device_text}{line}\n"):
        number = text.splitlines().index(line) + 1
        with pytest.raises(DramConfigError, match=rf"device.ini:{number}: {told}"):
            from_text(tmp_path, text)


def test_unknown_names():
    with pytest.raises(
        DramConfigError, match=r"neither a file nor a part .did you mean DDR3_micron_32M_8B_x8_sg15"
    ):
        DramConfig.from_ini("DDR3_micron_32M_8B_x8_sg51")
    with pytest.raises(DramConfigError, match=r"overrides: tRCDD: unknown key .did you mean tRCD"):
        DramConfig.from_ini(PART, overrides={"tRCDD": 3})
    with pytest.raises(FileNotFoundError):
        DramConfig.from_ini("folder/none.ini")
    with pytest.raises(KeyError, match="did you mean tRCD"):
        DramConfig.from_ini(PART)["tRCDD"]


SYSTEM_TEXT = """NUM_CHANS=1
JEDEC_DATA_BUS_BITS=64
TRANS_QUEUE_DEPTH=32
CMD_QUEUE_DEPTH=32
EPOCH_LENGTH=1000
TOTAL_ROW_ACCESSES=4
ROW_BUFFER_POLICY=open_page
USE_LOW_POWER=true
DEBUG_BUS=false ; any
"""
OTHERWISE = {
    "blanks around =": lambda text: text.replace("=", " \t= "),
    "blanks before the key": lambda text: text.replace("\n", "\n  "),
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "all of them": lambda text: ("\n" + text).replace("\n", " \t\r\n\r\n ").replace("=", " = "),
}


def test_comments_blank_lines_and_duplicates(tmp_path, device_text, recwarn):
    plain = DramConfig.from_ini(PART)
    text = "\ufeff; first\n\n   \t\n   ; indented\n" + device_text.replace(
        "CL=10", "CL=9\nCL=10 ; the last one counts \t"
    )
    assert from_text(tmp_path, text).files == plain.files
    assert from_text(tmp_path, device_text.removesuffix("\n")).files == plain.files
    assert not recwarn


@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE)
def test_blanks_and_windows_line_ends_count_for_nothing(tmp_path, device_text, recwarn, change):
    assert from_text(tmp_path, change(device_text)).files == DramConfig.from_ini(PART).files
    assert not recwarn
    system = tmp_path / "system.ini"
    system.write_bytes(SYSTEM_TEXT.encode())
    plain = from_text(tmp_path, device_text, system=system)
    assert (plain["ROW_BUFFER_POLICY"], plain["USE_LOW_POWER"]) == ("open_page", True)
    assert not recwarn
    system.write_bytes(change(SYSTEM_TEXT).encode())
    # To DRAMSim2 these keys, or their values, are others.
    with pytest.warns(
        DramConfigWarning, match=r"system.ini: ROW_BUFFER_POLICY, USE_LOW_POWER: read as meant"
    ):
        assert from_text(tmp_path, device_text, system=system).files == plain.files


def test_energy_that_wraps_is_warned_of():
    with pytest.warns(DramConfigWarning, match=r"energy wraps .*Q10.: IDD4R < IDD3N .230 < 1310.$"):
        DramConfig.from_ini("ST-1.2x")
    with pytest.warns(DramConfigWarning, match=r"IDD5 < IDD3N .*, IDD0 tRC < IDD3N tRAS"):
        DramConfig.from_ini(PART, overrides={"IDD3N": 400, "IDD4R": 400, "IDD4W": 400})


def test_values_are_read_as_the_reference_reads_them(tmp_path, device_text):
    with pytest.warns(DramConfigWarning, match="read as 10, as DRAMSim2 does"):
        assert from_text(tmp_path, device_text.replace("CL=10", "CL=10.9"))["CL"] == 10
    system = {"NUM_CHANS": 1, "JEDEC_DATA_BUS_BITS": 64, "TRANS_QUEUE_DEPTH": 32, "CMD_QUEUE_DEPTH": 32}
    system |= {"EPOCH_LENGTH": 1000, "TOTAL_ROW_ACCESSES": 4}
    bare = DramConfig.from_ini(PART, system)
    assert bare["USE_LOW_POWER"] is False
    assert bare["ROW_BUFFER_POLICY"] == "close_page"
    assert bare["SCHEDULING_POLICY"] == "bank_then_rank_round_robin"
    assert bare["ADDRESS_MAPPING_SCHEME"] == "scheme1"
    assert bare["QUEUING_STRUCTURE"] == "per_rank_per_bank"
    with pytest.warns(DramConfigWarning, match="read as false"):
        assert DramConfig.from_ini(PART, {**system, "USE_LOW_POWER": "True"})["USE_LOW_POWER"] is False
    with pytest.warns(DramConfigWarning, match="did you mean open_page"):
        cfg = DramConfig.from_ini(PART, {**system, "ROW_BUFFER_POLICY": " open_page"})
    assert cfg["ROW_BUFFER_POLICY"] == "close_page"


def test_a_clock_period_must_be_whole_picoseconds_to_be_told_in_them():
    cfg = DramConfig.from_ini(PART, overrides={"tCK": "1.0715"})
    with pytest.raises(
        DramConfigError, match=r"overrides: tCK=1.0715: must be a whole number of picoseconds"
    ):
        _ = cfg.tck_ps
