"""Building the library and host programs with the system's compiler, and feeding them."""

import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOSTS = Path(__file__).parent / "hosts"


def call(*command, **options):
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stderr}"
    return done.stdout


def build_library(folder):
    """DRAMSim2's folder as its makefile leaves it: headers and libdramsim.so side by side."""
    api = ROOT / "native" / "dramsim2_api"
    sources = [*(ROOT / "native" / "dram").glob("*.cpp"), *(ROOT / "native" / "settings").glob("*.cpp")]
    sources += api.glob("*.cpp")
    flags = "-std=c++17 -O1 -fPIC -fvisibility=hidden -DSCANFUSE_DRAMSIM2_LOG -c".split()
    include = ["-I", ROOT / "native", "-I", api / "include"]

    def compile_one(source):
        made = folder / f"{source.stem}.{source.parent.name}.o"
        call("c++", *flags, *include, source, "-o", made)
        return made

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_one, sources))
    call("c++", "-shared", *objects, "-o", folder / "libdramsim.so")
    for header in (api / "include").glob("*.h"):
        shutil.copy(header, folder)


def build_bare(folder):
    """The library of bare/, as a compiler of its day would have made it."""
    source = Path(__file__).parent / "bare"
    for header in source.glob("*.h"):
        shutil.copy(header, folder)
    flags = "-std=c++98 -D_GLIBCXX_USE_CXX11_ABI=0 -include stdint.h -Wno-long-long -shared -fPIC".split()
    call("c++", *flags, source / "bare.cpp", "-o", folder / "libdramsim.so")


def write_ini(path, settings):
    """A file in DRAMSim2's syntax of settings by key."""

    def text(value):
        return str(value).lower() if isinstance(value, bool) else str(value)

    path.write_text("".join(f"{key}={text(value)}\n" for key, value in settings.items()))
    return path
