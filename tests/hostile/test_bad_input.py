"""Is bad input met well? Exit status 2, one line on stderr that names place and remedy, nothing left."""

import json
import shlex
from pathlib import Path

import pytest
from onnx import helper

from scanfuse.cli import main
from scanfuse.dram import DramConfig, write_trace
from scanfuse.dram.parts import part_path

PART = "DDR3_micron_32M_8B_x8_sg15"

MAPPING = """schedule = "mine"
layout = "nhwc"
psum_entries = 1
network = { name = "mobilenet_v2" }
[[groups]]
kind = "layer_tiling"
layer = "stem"
tile_p = 1
tile_q = 1
tile_n = 1
tile_k = 1
order = "mnk"
scan = "raster"
"""

NET = """Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides
a, 8, 8, 1, 1, 3, 4, 1,
"""
CFG = """[architecture_presets]
ArrayHeight: 8
ArrayWidth: 8
IfmapSramSz: 1
FilterSramSz: 1
OfmapSramSz: 1
Dataflow: rs
"""


def odd_model() -> bytes:
    """An ONNX model with an operator that is not modelled."""
    ends = [helper.make_tensor_value_info(name, 1, [1, 3, 8, 8]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Resize", ["x"], ["y"], "the_y")], "g", ends[:1], ends[1:])
    return helper.make_model(graph).SerializeToString()


# What to type, and what the line must say, in this order.
CASES = {
    "no command": ("", ["no command given", "run, compare"]),
    "command": ("comparr mobilenet_v2", ["'comparr'", "did you mean compare?", "run, compare"]),
    "option": ("run mobilenet_v2 --shedule fused", ["--shedule", "scanfuse --help"]),
    "no network": ("run", ["NETWORK", "scanfuse run --help"]),
    "network": ("run mobilnet_v2", ["'mobilnet_v2'", "did you mean mobilenet_v2?", "resnet50"]),
    "network to show": ("show renset50", ["'renset50'", "did you mean resnet50?"]),
    "network file": ("compare network.onnx", ["network.onnx", "No such file"]),
    "network folder": ("show dir.csv", ["dir.csv", "Is a directory"]),
    "network linked in a circle": ("show loop.onnx", ["loop.onnx", "symbolic links"]),
    "part linked in a circle": ("run vgg16 --hardware loop.toml", ["loop.ini", "symbolic links"]),
    "swept network linked in a circle": ("sweep circle.toml", ["circle.toml", "loop.onnx", "symbolic links"]),
    "network empty": ("run empty.onnx", ["empty.onnx", "the file is empty"]),
    "network of text": ("map text.onnx", ["text.onnx", "not an ONNX model"]),
    "network width": ("show net.csv --width 0.5", ["net.csv", "--width", "not one in a file"]),
    "network of the zoo": ("show vgg16 --skip-unsupported", ["vgg16", "is for ONNX files"]),
    "operator": ("run odd.onnx", ["odd.onnx: node the_y (Resize)", "not modelled", "--skip-unsupported"]),
    "operator kept": ("map odd.onnx --mapping few.toml", ["few.toml", "leave out odd.onnx"]),
    "topology empty": ("show empty.csv", ["empty.csv", "no layers", "Layer name"]),
    "topology column": ("run cell.csv", ["cell.csv:2", "Strides", "1 or more", "'0'"]),
    "topology of a trace": ("compare good.csv", ["good.csv", "no topology of SCALE-Sim", "IFMAP Height"]),
    "topology changed": ("run --mapping net.toml", ["net.toml: net.csv", "the file has changed", "anew"]),
    "topology resolution": ("show net.csv --resolution 9", ["net.csv", "leave out --resolution"]),
    "convert network": ("convert net.csv net.npz", ["net.npz", "SCALE-Sim topology", ".csv"]),
    "convert network option": ("convert vgg16 net.csv --to npz", ["vgg16 is a network", "leave out --to"]),
    "convert network place": ("convert vgg16 no/net.csv", ["no/net.csv", "no folder no"]),
    "convert trace option": ("convert good.csv good.k6 --width 1", ["is a trace", "leave out --width"]),
    "architecture": ("run vgg16 --hardware odd.cfg", ["odd.cfg", "Dataflow", "os, ws, is", "'rs'"]),
    "architecture cut": ("run vgg16 --hardware cut.cfg", ["cut.cfg", "ArrayWidth is missing"]),
    "architecture gone": ("run vgg16 --hardware no.cfg", ["'no.cfg'", "the presets are", ".cfg"]),
    "resolution": ("show mobilenet_v2 --resolution 0", ["resolution 0", "1 or more"]),
    "resolution no number": ("show mobilenet_v2 --resolution big", ["--resolution", "'big'"]),
    "width": ("show mobilenet_v2 --width nan", ["width nan", "above 0"]),
    "layer name": ("run mobilenet_v2 --layers b2.expnd", ["'b2.expnd'", "did you mean b2.expand?"]),
    "layer index": ("run mobilenet_v2 --layers 3-8,64", ["--layers 64", "0 to 63"]),
    "layer range": ("run mobilenet_v2 --layers 8-3", ["--layers 8-3", "0 to 63"]),
    "no layer": ("run mobilenet_v2 --layers ''", ["no layer ''", "the layers are"]),
    "schedule": ("run mobilenet_v2 --schedule fusd", ["'fusd'", "did you mean fused?", "raster"]),
    "schedules": ("compare mobilenet_v2 --schedules fixed,scam", ["'scam'", "did you mean scan?"]),
    "no schedules": ("compare mobilenet_v2 --schedules ''", ["''", "the schedules are"]),
    "part": ("run mobilenet_v2 --dram DDR3_micron_32M_8B_x8_sg16", ["x8_sg16", f"did you mean {PART}?"]),
    "device file": ("run mobilenet_v2 --dram no/such.ini", ["no/such.ini", "No such file"]),
    "device key": ("run mobilenet_v2 --set dram.overrides.tRDC=3", ["tRDC", "did you mean tRC?"]),
    "device value": ("run mobilenet_v2 --set dram.overrides.tRCD=fast", ["tRCD='fast'", "whole number"]),
    "clock of the DRAM": ("run mobilenet_v2 --set dram.overrides.tCK=1.4999", ["tCK=1.4999", "picoseconds"]),
    "size of the DRAM": ("run mobilenet_v2 --set dram.capacity_mib=3", ["capacity_mib=3", "power of two"]),
    "banks taken away": ("run mobilenet_v2 --set dram.overrides.NUM_BANKS=4", ["only 4", "NUM_BANKS", "ini"]),
    "preset": ("run mobilenet_v2 --hardware papr", ["'papr'", "did you mean paper?"]),
    "hardware file": ("run mobilenet_v2 --hardware no.toml", ["no.toml", "no such file"]),
    "hardware not TOML": ("run mobilenet_v2 --hardware cut.toml", ["cut.toml", "not valid TOML", "line 1"]),
    "hardware key": ("run mobilenet_v2 --hardware key.toml", ["key.toml", "rowz", "did you mean rows?"]),
    "key": ("compare mobilenet_v2 --set pe_array.rowz=16", ["pe_array.rowz", "did you mean rows?"]),
    "section": ("run mobilenet_v2 --set bufer.entries=16", ["bufer", "did you mean buffer?"]),
    "key alone": ("run mobilenet_v2 --set rows=16", ["rows", "did you mean pe_array.rows?"]),
    "setting": ("run mobilenet_v2 --set buffer.entries", ["'buffer.entries'", "section.key=value"]),
    "value": ("run mobilenet_v2 --set buffer.entries=lots", ["buffer.entries", "whole number", "'lots'"]),
    "unit": ("run mobilenet_v2 --set 'pe_array.clock_hz=500 Mhz'", ["'Mhz'", "did you mean MHz?"]),
    "period": ("run mobilenet_v2 --set pe_array.clock_hz=300000000", ["3333.333 ps", "300030003"]),
    "buffer": ("run mobilenet_v2 --set buffer.entries=10", ["layer stem", "10 entries", "smallest needs 19"]),
    "buffer for fixed": ("compare mobilenet_v2 --set buffer.entries=10", ["layer stem", "smallest needs 19"]),
    "steps": ("compare mobilenet_v2 --set buffer.entries=60", ["60 entries", "steps", "raise buffer"]),
    "format": ("run mobilenet_v2 --format xml", ["--format", "'xml'", "table"]),
    "folder below a file": ("run mobilenet_v2 --out good.csv/x", ["good.csv/x", "is a file", "another"]),
    "folder is a file": ("run mobilenet_v2 --out good.csv", ["good.csv", "is a file"]),
    "folder not writable": ("run mobilenet_v2 --out /proc/scanfuse", ["/proc/scanfuse", "cannot be written"]),
    "trace suffix": ("run mobilenet_v2 --save-trace requests.txt", ["requests.txt", ".csv"]),
    "trace place": ("run mobilenet_v2 --save-trace no/requests.csv", ["no/requests.csv", "no folder no"]),
    "trace is a folder": ("run mobilenet_v2 --save-trace dir.csv", ["dir.csv", "is a folder"]),
    "config gone": ("run no/config.toml", ["no/config.toml", "No such file"]),
    "config without run": ("run key.toml", ["key.toml", "no [run] table", "--hardware key.toml"]),
    "config cut": ("run cut.toml", ["cut.toml", "not valid TOML"]),
    "config key": ("run strange.toml", ["strange.toml", "run.colour", "schedule"]),
    "config value": ("run wrong.toml", ["wrong.toml", "run.resolution", "expected int"]),
    "config and hardware": ("run strange.toml --hardware paper", ["strange.toml", "leave out --hardware"]),
    "trace": ("replay no.csv", ["no.csv", "No such file"]),
    "trace line": ("replay bad.csv", ["bad.csv:3", "'5,x,R'", "CYCLE,ADDRESS,R|W"]),
    "trace line of DRAMSim2's": ("replay mase_bad.trc", ["mase_bad.trc:2", "'0x40 LOAD 3'", "READ"]),
    "trace cut in a line": ("replay cut.csv", ["cut.csv:", "expected"]),
    "trace cut at a line": ("replay short.csv", ["found 10 requests", "expected 200", "truncated"]),
    "trace cut npz": ("replay cut.npz", ["cut.npz", "not a whole npz file"]),
    "trace cut parquet": ("replay cut.parquet", ["cut.parquet", "not a whole parquet file"]),
    "trace empty": ("replay empty.csv", ["empty.csv", "header"]),
    "replay part": ("replay good.csv --dram DDR4", ["DDR4", "the parts are"]),
    "replay device key": ("replay good.csv --dram own.ini", ["own.ini:1: tRDC", "did you mean tRC?"]),
    "replay system": ("replay good.csv --system no.ini", ["no.ini", "No such file"]),
    "replay key": ("replay good.csv --set tRDC=3", ["tRDC", "did you mean"]),
    "replay setting": ("replay good.csv --set tRCD", ["--set tRCD", "KEY=VALUE"]),
    "replay size": ("replay good.csv --capacity-mib 3", ["capacity_mib=3", "power of two"]),
    "replay banks taken away": (f"replay far.csv --dram {PART} --set NUM_BANKS=4", ["far.csv", "NUM_BANKS"]),
    "replay feed": ("replay good.csv --feed fast", ["--feed", "'fast'", "accept"]),
    "replay summary out": ("replay good.csv --summary-out no/s.json", ["no/s.json", "no folder no"]),
    "replay requests out": ("replay good.csv --requests-out dir.csv", ["dir.csv", "is a folder"]),
    "summary gone": ("replay good.csv --verify-against no.json", ["no.json", "No such file"]),
    "summary cut": ("replay good.csv --verify-against cut.json", ["cut.json", "not whole JSON"]),
    "summary of something else": ("replay good.csv --verify-against other.json", ["other.json", "ticks"]),
    "golden gone": ("check no.toml", ["no.toml", "No such file"]),
    "golden cut": ("check cut.toml", ["cut.toml", "not valid TOML"]),
    "golden of nothing": ("check key.toml", ["key.toml", "[run] or [replay]"]),
    "golden key": ("check strange.toml", ["strange.toml", "run.colour", "network"]),
    "golden trace": ("check replay.toml", ["no.csv", "No such file"]),
    "trace record": ("replay ticks.csv", ["ticks.csv", "total_ticks", "'abc'"]),
    "golden schedule": ("check fusd.toml", ["fusd.toml: ", "'fusd'", "fused"]),
    "golden setting": ("check rowz.toml", ["rowz.toml: ", "pe_array.rowz", "did you mean rows?"]),
    "golden settings": ("check settings.toml", ["settings.toml", "run.settings", "texts"]),
    "golden without figures": ("check few_figures.toml", ["few_figures.toml", "no figures yet", "--update"]),
    "folder without a name": ("run mobilenet_v2 --out ''", ["--out", "must not be empty"]),
    "convert onto itself": ("convert good.csv good.csv", ["good.csv", "give another name"]),
    "attach nothing": ("dramsim2 attach --root no/such", ["--root no/such", "no such folder"]),
    "list": ("list colours", ["'colours'", "networks"]),
    "nothing to map": ("map", ["NETWORK", "--mapping", "scanfuse map --help"]),
    "map objective": ("map mobilenet_v2 --objective enrgy", ["--objective", "'enrgy'", "traffic"]),
    "map schedule": ("map mobilenet_v2 --schedule fusd", ["'fusd'", "did you mean fused?"]),
    "map suffix": ("map mobilenet_v2 -o mine.yaml", ["mine.yaml", ".toml or .json"]),
    "map place": ("map mobilenet_v2 -o no/mine.toml", ["no/mine.toml", "no folder no"]),
    "mapping gone": ("run --mapping no.toml", ["no.toml", "No such file"]),
    "mapping suffix": ("map --mapping good.csv", ["good.csv", ".toml or .json"]),
    "mapping cut": ("run --mapping cut.toml", ["cut.toml", "not valid TOML"]),
    "mapping of something else": ("run --mapping key.toml", ["key.toml", "pe_array", "the keys are network"]),
    "mapping key": ("map --mapping tile.toml", ["tile.toml", "groups[0].tile_x", "did you mean tile_"]),
    "mapping of few": ("run --mapping few.toml", ["few.toml", "groups: b1.depthwise", "in no group"]),
    "mapping and network": ("run vgg16 --mapping few.toml", ["--mapping few.toml", "leave out vgg16"]),
    "mapping and schedule": ("map --mapping few.toml --schedule scan", ["few.toml", "leave out --schedule"]),
    "config with mapping gone": ("run lost.toml", ["gone.toml", "No such file"]),
    "config of another network": ("run other.toml", ["few.toml", "for mobilenet_v2", "not for vgg16"]),
    "explain nothing": ("explain", ["RUN_DIR", "scanfuse explain --help"]),
    "explain no run": ("explain no", ["no/config.toml", "No such file"]),
    "explain an old run": ("explain old", ["old/config.toml", "run.mapping", "scanfuse run old/config.toml"]),
}  # fmt: skip


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files that are wrong in one way each."""
    monkeypatch.chdir(tmp_path)
    stream = (list(range(200)), [64 * i for i in range(200)], [i % 3 == 0 for i in range(200)])
    for name in ("good.csv", "good.npz", "good.parquet"):
        write_trace(name, *stream, cfg=DramConfig.from_ini(PART), metadata={"requests": 200})
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name.replace("good", "cut")).write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "cut.csv").write_bytes((tmp_path / "good.csv").read_bytes()[:-4])
    lines = (tmp_path / "good.csv").read_text().splitlines(keepends=True)
    files = {
        "short.csv": "".join(lines[:13]),
        "own.ini": f"tRDC=3\n{part_path(PART).read_text()}",
        "bad.csv": "cycle,address,rw\n1,2,R\n5,x,R\n",
        "mase_bad.trc": "0x0 READ 1\n0x40 LOAD 3\n",
        "far.csv": "cycle,address,rw\n" + "".join(f"1,{64 * i},R\n" for i in range(1024)),
        "ticks.csv": '# metadata {"total_ticks": "abc"}\ncycle,address,rw\n1,2,R\n',
        "settings.toml": '[run]\nnetwork = "vgg16"\nschedule = "fused"\nsettings = [5]\n',
        "fusd.toml": '[run]\nnetwork = "vgg16"\nschedule = "fusd"\n',
        "rowz.toml": '[run]\nnetwork = "vgg16"\nschedule = "fused"\nsettings = ["pe_array.rowz=8"]\n',
        "loop.toml": '[dram]\npart = "loop.ini"\n',
        "circle.toml": '[grid]\nnetwork = "loop.onnx"\n',
        "empty.csv": "",
        "cut.toml": "[run",
        "key.toml": "[pe_array]\nrowz = 3\n",
        "strange.toml": '[run]\nnetwork = "mobilenet_v2"\nschedule = "fused"\ncolour = "red"\n',
        "wrong.toml": '[run]\nnetwork = "mobilenet_v2"\nschedule = "fused"\nresolution = "big"\n',
        "few_figures.toml": '[run]\nnetwork = "vgg16"\nschedule = "fused"\n',
        "replay.toml": '[replay]\ntrace = "no.csv"\n',
        "tile.toml": MAPPING.replace("tile_q", "tile_x"),
        "few.toml": MAPPING,
        "lost.toml": '[run]\nnetwork = "vgg16"\nmapping = "gone.toml"\n',
        "other.toml": '[run]\nnetwork = "vgg16"\nmapping = "few.toml"\n',
        "old/config.toml": '[run]\nnetwork = "vgg16"\nschedule = "fused"\n',
        "cut.json": '{"dram_ticks": 1',
        "other.json": json.dumps({"colour": "red"}),
    }
    files |= {
        "empty.onnx": "",
        "text.onnx": "a network",
        "net.csv": NET,
        "cell.csv": NET.replace("4, 1,", "4, 0,"),
        "net.toml": MAPPING.replace('"mobilenet_v2"', '"net.csv", sha256 = "00"'),
        "odd.cfg": CFG,
        "cut.cfg": CFG[: CFG.index("ArrayWidth")],
    }
    (tmp_path / "odd.onnx").write_bytes(odd_model())
    (tmp_path / "old").mkdir()
    for name in ("loop.onnx", "loop.ini"):
        (tmp_path / name).symlink_to(name)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "dir.csv").mkdir()
    return tmp_path


@pytest.mark.parametrize("line, told", CASES.values(), ids=CASES)
def test_one_line_names_place_and_remedy(workplace, capsys, line, told):
    before = sorted(workplace.rglob("*"))
    status = main(shlex.split(line))
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith("scanfuse: error: ")
    assert captured.err.count("\n") == 1 and captured.err.endswith("\n")
    at = 0
    for words in told:
        at = captured.err.find(words, at)
        assert at >= 0, f"{words!r} is not in its place in {captured.err!r}"
    assert sorted(workplace.rglob("*")) == before


def test_a_device_file_with_windows_line_ends_is_read(workplace, capsys):
    lines = part_path(PART).read_text().splitlines()
    (workplace / "own.ini").write_bytes("\r\n".join(["", *lines, ""]).replace("=", " = ").encode())
    assert main(["replay", "good.csv", "--dram", "own.ini"]) == 0
    assert capsys.readouterr().err == ""


def test_overrides_that_leave_the_mapping_alone_are_warned_of_in_one_line(workplace, capsys):
    def told(line):
        assert main(shlex.split(line)) == 0
        return [row for row in capsys.readouterr().err.splitlines() if "wrote" not in row]

    few = "mobilenet_v2 --resolution 32 --set dram.overrides.NUM_CHANS"
    for line in (
        f"run {few}=2 --out x",
        f"compare {few}=2 --schedules raster",
        "replay good.csv --set NUM_CHANS=2",
    ):
        (row,) = told(line)
        assert row.startswith("scanfuse: warning: NUM_CHANS=2: addresses are mapped as for NUM_CHANS=1, ")
    assert told(f"run {few}=1 --out x") == told("replay good.csv --set tRCD=11") == []


def test_a_defect_keeps_its_traceback(monkeypatch):
    from scanfuse.commands import list as listing

    def fail(what: str) -> dict[str, str]:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(listing, "listing", fail)
    with pytest.raises(ZeroDivisionError):
        main(["list", "parts"])
