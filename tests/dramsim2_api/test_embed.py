"""Can the engine be embedded in a C++ program? The example is built and held to the same in Python."""

import os
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest
from host_programs import ROOT, call

from scanfuse.dram import DramConfig, DramSystem
from scanfuse.dram.parts import default_system_path, part_path

EXAMPLE = ROOT / "examples" / "embed"
PART = "DDR3_micron_16M_8B_x8_sg15"  # two ranks
LINES = 3000


@pytest.fixture(scope="session")
def program(dramsim, once):
    """The example with the objects that the library was linked from."""

    def build(folder):
        objects = [*dramsim.glob("*.dram.o"), *dramsim.glob("*.settings.o")]
        flags = "-std=c++17 -O1 -Wall -Wextra -Werror".split()
        call("c++", *flags, "-I", ROOT / "native", EXAMPLE / "copy.cpp", *objects, "-o", folder / "copy")

    return once("embed", build) / "copy"


def copy(cfg, lines):
    """The example's copy engine in Python: the memory after it."""
    memory, arrived = DramSystem(cfg), deque()
    read = written = done = 0
    while done != lines:
        while read != lines and read - written < 16 and memory.can_accept(read * 64):
            memory.add(read * 64, False, read)
            read += 1
        while arrived and memory.can_accept((64 << 20) + arrived[0] * 64):
            memory.add((64 << 20) + arrived[0] * 64, True, lines + arrived.popleft())
            written += 1
        for tag in memory.advance(memory.tick + 8).tags.tolist():
            if tag < lines:
                arrived.append(tag)
            else:
                done += 1
    return memory


def expected_text(cfg, lines):
    memory = copy(cfg, lines)
    ns = memory.tick * float(cfg["tCK"])
    rate = 2 * lines * 64 / ns
    rows = [f"{lines * 64} bytes copied in {memory.tick} ticks, {ns:.1f} ns: {rate:.2f} GB/s"]
    for row in memory.energy().merge(memory.counters(), on=["channel", "rank"]).to_dict("records"):
        rows.append(
            f"channel {row['channel']} rank {row['rank']}: {row['reads']} reads, {row['writes']} writes, "
            f"{row['activates']} activates; activate {row['actpre_nj']:.1f} nJ, "
            f"burst {row['burst_nj']:.1f} nJ, "
            f"refresh {row['refresh_nj']:.1f} nJ, background {row['background_nj']:.1f} nJ"
        )
    return "".join(f"{row}\n" for row in rows)


def test_the_example_does_what_python_does(program):
    cfg = DramConfig.from_ini(PART)
    assert cfg.num_ranks == 2
    assert call(program, part_path(PART), default_system_path(), LINES) == expected_text(cfg, LINES)


def test_the_page_shows_it(program):
    page = (ROOT / "docs" / "dram.md").read_text()
    built = (EXAMPLE / "CMakeLists.txt").read_text()
    assert f"```cmake\n{built[built.index('add_subdirectory') :]}```" in page
    command = [program, part_path("DDR3_micron_64M_8B_x8_sg125"), default_system_path()]
    assert f"```text\n{call(*command)}```" in page


def test_settings_are_refused_in_words(program, tmp_path):
    (tmp_path / "bad.ini").write_text(part_path(PART).read_text().replace("tRP=", "tRP=0 ; was "))
    done = subprocess.run(
        [program, tmp_path / "bad.ini", default_system_path()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"copy: {tmp_path}/bad.ini:") and "tRP=0: must be at least 1" in done.stderr


@pytest.mark.slow
def test_the_example_builds_with_its_own_cmake(tmp_path):
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    cmake = shutil.which("cmake", path=places)
    if cmake is None:
        pytest.skip("needs cmake")
    call(cmake, "-S", EXAMPLE, "-B", tmp_path)
    call(cmake, "--build", tmp_path, "--parallel", "2")
    found = call(tmp_path / "copy", part_path(PART), default_system_path(), LINES)
    assert found == expected_text(DramConfig.from_ini(PART), LINES)
