"""Is a DRAMSim2 attached as it should be, and is what cannot be attached told of in one line?"""

import json
import shutil
import sys

import pytest
from host_programs import call

from scanfuse.cli import main
from scanfuse.dram.attached.attach import find_header, find_library


@pytest.fixture
def scanfuse(capsys):
    """Runs a command: its status, output, and the last line on stderr."""

    def run(*words):
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err.strip().splitlines()[-1] if err else ""

    return run


def test_status_tells_what_is_attached_and_proves_it(attached, dramsim, scanfuse):
    status, out, _ = scanfuse("dramsim2", "status")
    assert status == 0
    head, cases = out.split("\n\n")
    assert f"{head}\n" == (attached / "told").read_text()
    assert f"library      {(dramsim / 'libdramsim.so').resolve()} (not DRAMSim2 itself" in head
    assert "_GLIBCXX_USE_CXX11_ABI=1" in head
    verdicts = [line.split(": ")[-1] for line in cases.splitlines()]
    assert verdicts == ["every acceptance, completion and energy equal"] * 3


def test_the_std_string_before_cxx11_is_found_out(attached_bare):
    assert "_GLIBCXX_USE_CXX11_ABI=0" in (attached_bare / "told").read_text()
    assert "not DRAMSim2 itself" not in (attached_bare / "told").read_text()


def test_status_tells_what_differs(attached_bare, scanfuse):
    status, out, _ = scanfuse("dramsim2", "status")
    assert status == 1
    first, *_, last = out.split("\n\n")[1].splitlines()
    assert "open page, two ranks: request 0, write of 0x" in first
    assert first.endswith("completed in tick 57 by the engine, in tick 50 by DRAMSim2")
    assert last.endswith("scanfuse: powers came at other times than at the epochs' ends")


def test_an_installed_prefix(dramsim, tmp_path):
    for folder in ("include", "lib/some-linux"):
        (tmp_path / folder).mkdir(parents=True)
    header = shutil.copy(dramsim / "DRAMSim.h", tmp_path / "include")
    library = shutil.copy(dramsim / "libdramsim.so", tmp_path / "lib/some-linux")
    assert (str(find_header(tmp_path)), str(find_library(tmp_path))) == (str(header), str(library))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ([], "no DRAMSim.h in it, nor in include/: is this the folder of a DRAMSim2?"),
        (["DRAMSim.h"], "no libdramsim.so or libdramsim.dylib in it, nor in lib/: build it"),
    ],
)
def test_a_folder_without_a_header_or_a_library(scanfuse, tmp_path, make, words):
    for name in make:
        (tmp_path / name).touch()
    status, out, err = scanfuse("dramsim2", "attach", "--root", tmp_path)
    assert (status, out) == (2, "")
    assert err.startswith(f"scanfuse: error: {tmp_path}: ") and words in err


def test_no_folder_no_library(scanfuse, tmp_path, dramsim):
    where = tmp_path / "nowhere"
    assert f"{where}: no such folder" in scanfuse("dramsim2", "attach", "--root", where)[2]
    arguments = ["--root", dramsim, "--library", where]
    assert f"{where}: no such library" in scanfuse("dramsim2", "attach", *arguments)[2]


def test_no_compiler_no_cffi(scanfuse, dramsim, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("CC", "/nowhere/cc")
        status, _, err = scanfuse("dramsim2", "attach", "--root", dramsim)
    assert status == 2 and "no compiler: '/nowhere/cc' is not there; set CC" in err
    monkeypatch.setitem(sys.modules, "cffi", None)
    status, _, err = scanfuse("dramsim2", "attach", "--root", dramsim)
    assert status == 2 and "pip install 'scanfuse[dramsim2]'" in err


def test_a_header_that_does_not_compile(scanfuse, dramsim, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "DRAMSim.h").write_text("#error this is no DRAMSim2\n")
    status, _, err = scanfuse(
        "dramsim2", "attach", "--root", tmp_path, "--library", dramsim / "libdramsim.so"
    )
    assert status == 2 and "does not compile" in err and "#error this is no DRAMSim2" in err
    assert list((tmp_path / "cache").rglob("*.*")) == []


@pytest.mark.slow
def test_a_library_that_is_none(scanfuse, dramsim, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library = tmp_path / "libdramsim.so"
    call("c++", "-shared", "-fPIC", "-x", "c++", "/dev/null", "-o", library)
    status, _, err = scanfuse("dramsim2", "attach", "--root", dramsim, "--library", library)
    assert status == 2
    assert err.count("cannot be loaded: undefined symbol: _ZN7DRAMSim23getMemorySystemInstance") == 2
    call("c++", "-shared", "-Wl,-soname,libother.so", *dramsim.glob("*.o"), "-o", library)
    status, _, err = scanfuse("dramsim2", "attach", "--root", dramsim, "--library", library)
    assert status == 2 and "libother.so: cannot open shared object file" in err


def test_nothing_attached(scanfuse, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    error = "scanfuse: error: no DRAMSim2 is attached: scanfuse dramsim2 attach --root DIR"
    assert scanfuse("dramsim2", "status") == (2, "", error)
    (tmp_path / "t.ramulator").write_text("0x40 R\n")
    for option in ("--cross-check", "--dram-backend=dramsim2"):
        assert scanfuse("replay", tmp_path / "t.ramulator", option)[2] == error


def test_what_has_changed_since_it_was_attached(scanfuse, attached, dramsim, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = tmp_path / "scanfuse" / "dramsim2"
    place.mkdir(parents=True)
    record = json.loads((attached / "scanfuse" / "dramsim2" / "attached.json").read_text())

    def with_changed(**changes):
        (place / "attached.json").write_text(json.dumps({**record, **changes}))
        status, out, err = scanfuse("dramsim2", "status")
        assert (status, out) == (2, "") and err.endswith(": scanfuse dramsim2 attach --root DIR")
        return err

    assert "/nowhere.so: is gone since it was attached" in with_changed(library="/nowhere.so")
    assert "libdramsim.so: has changed since it was attached" in with_changed(library_sha256="0" * 64)
    assert "another version of scanfuse attached" in with_changed(shim_sha256="0" * 64)
    assert "attached for pypy-1" in with_changed(python="pypy-1")
    assert "attached.json: not a record of what is attached" in with_changed(colour="red")
    (place / "attached.json").write_text("{")
    assert "attached.json: not a record of what is attached" in scanfuse("dramsim2", "status")[2]
