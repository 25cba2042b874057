"""How fast is DRAMSim2's C++ interface on our engine? Nanoseconds of CPU for each update() and each request.

A host program calls update() once a tick, whether there is something to do or not. Goal: a few nanoseconds
for an idle one. Without --root, native/dramsim2_api is built by cmake; with it, a DRAMSim2 of your own is
measured.

    python benchmarks/host_interface.py [--root DRAMSIM2_FOLDER] [--part PART] [--repeats 5]
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from scanfuse.dram.parts import default_system_path, part_path

HERE = Path(__file__).parent
STREAMS = {"one after the other": 0, "random, 20 ticks apart": 20, "random, 200 ticks apart": 200}


def call(*command: object, **options: object) -> str:
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout  # type: ignore[call-overload, no-any-return]


def build_ours(folder: Path) -> tuple[Path, Path]:
    """The headers and the library of native/dramsim2_api, as a release."""
    call("cmake", "-S", HERE.parent, "-B", folder, "-DSCANFUSE_DRAMSIM2_API=ON")
    call("cmake", "--build", folder, "--parallel", os.cpu_count(), "--target", "dramsim")
    return HERE.parent / "native" / "dramsim2_api" / "include", folder / "native" / "dramsim2_api"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="the folder of a DRAMSim2, headers and library in it")
    parser.add_argument("--part", default="DDR3_micron_16M_8B_x8_sg15")
    parser.add_argument("--updates", type=int, default=20_000_000)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        include, library = (args.root, args.root) if args.root else build_ours(folder / "build")
        host = folder / "host"
        link = ["-L", library.resolve(), "-ldramsim", f"-Wl,-rpath,{library.resolve()}"]
        call("c++", "-O2", "-I", include, HERE / "host_interface.cpp", "-o", host, *link)
        system = folder / "system.ini"
        system.write_text(default_system_path().read_text() + "\nVIS_FILE_OUTPUT=false\n")
        least_idle = float("inf")
        for stream, between in STREAMS.items():
            least = float("inf")
            for _ in range(args.repeats):
                counts = (args.updates, args.requests, between)
                told = call(host, part_path(args.part), system, *counts, cwd=folder)
                idle, busy = (float(each) for each in told.split()[-2:])
                least_idle, least = min(least_idle, idle), min(least, busy)
            print(f"{stream:26}{least:10.1f} ns per request")
        print(f"{'an idle update()':26}{least_idle:10.2f} ns")


if __name__ == "__main__":
    main()
