"""Compiles the shim with cffi; run as `python -m`, with a JSON list of what `main` takes. Prints the path."""

import json
import sys

from scanfuse.dram.attached.attachment import SHIM


def main(folder: str, include: str, library: str, cxx11_abi: int) -> None:
    from cffi import FFI

    place = library.rpartition("/")[0]
    maker = FFI()
    maker.cdef((SHIM / "shim.h").read_text(encoding="utf-8"))
    maker.set_source(
        "_dramsim2_shim",
        '#include "shim.cpp"',
        source_extension=".cpp",
        include_dirs=[str(SHIM), include],
        define_macros=[("_GLIBCXX_USE_CXX11_ABI", str(cxx11_abi))],
        extra_compile_args=["-std=c++11"],
        extra_link_args=[library, f"-Wl,-rpath,{place}"],
    )
    print(maker.compile(tmpdir=folder))


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
