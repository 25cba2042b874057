"""The library under test, host programs against it, libraries attached; all compiled once per run."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / name) for name in ("dramsim2_api", "dram_reference", "dram_timing")]

from host_programs import HOSTS, build_bare, build_library, call  # noqa: E402


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Makes a folder once, also when several test processes ask for it."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # a worker's own folder lies in the one of the run
        shared = shared.parent

    def make(name, build):
        folder = shared / name
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / ".whole").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                build(folder)
                (folder / ".whole").touch()
        return folder

    return make


@pytest.fixture(scope="session")
def dramsim(once):
    """The folder of a built DRAMSim2, ours."""
    if shutil.which("c++") is None:
        pytest.skip("no C++ compiler (c++) on this machine")
    return once("dramsim", build_library)


@pytest.fixture(scope="session")
def host(dramsim, once):
    """Compiles a host program of hosts/ as the oldest standard allows, and gives the path."""

    def compile_host(name):
        def build(folder):
            strict = "-std=c++98 -O1 -Wall -Wextra -Wno-long-long -Werror".split()
            link = ["-L", dramsim, "-ldramsim", f"-Wl,-rpath,{dramsim}"]
            call("c++", *strict, "-I", dramsim, HOSTS / f"{name}.cpp", "-o", folder / "host", *link)

        return once(f"host-{name}", build) / "host"

    return compile_host


@pytest.fixture(scope="session")
def bare(once):
    """The folder of a library with DRAMSim2's interface, the least possible header, the std::string before
    C++11, and hardly a memory behind it."""
    if shutil.which("c++") is None:
        pytest.skip("no C++ compiler (c++) on this machine")
    return once("bare", build_bare)


@pytest.fixture(scope="session")
def cache_of(once):
    """The cache folder of a user who has attached a folder, and what the command said."""

    def attach(name, root):
        def build(folder):
            command = [sys.executable, "-m", "scanfuse", "dramsim2", "attach", "--root", root]
            told = call(*command, env={**os.environ, "XDG_CACHE_HOME": str(folder)})
            (folder / "told").write_text(told)

        return once(f"cache-{name}", build)

    return attach


@pytest.fixture
def attached(dramsim, cache_of, monkeypatch):
    """Attaches our own library; its cache folder."""
    folder = cache_of("dramsim", dramsim)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def attached_bare(bare, cache_of, monkeypatch):
    """Attaches the bare library; its cache folder."""
    folder = cache_of("bare", bare)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder
