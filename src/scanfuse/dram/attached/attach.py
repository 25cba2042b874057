"""Compiling the shim against a DRAMSim2's headers and shared library, and trying whether it runs."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from scanfuse.dram.attached.attachment import Attachment, cache_folder, file_sha256, keep, shim_sha256
from scanfuse.dram.attached.conformance import try_out
from scanfuse.dram.errors import DramSim2Error

HEADER = "DRAMSim.h"
OLDER_STRING = b"getMemorySystemInstanceERKSs"  # the symbol where std::string is the one before C++11
LIBRARIES = ("libdramsim.so", "libdramsim.dylib")


def attach(root: Path, library: Path | None = None) -> Attachment:
    """Attaches the DRAMSim2 in `root`: its folder as its makefile leaves it, or a prefix that it is installed
    under. `library` is its shared library, if that lies elsewhere.

    Whether the library was built with the std::string of C++11 or with the one before is found out by trying
    both. Raises DramSim2Error saying what is missing or does not go together, OSError.
    """
    require_cffi()
    require_compiler()
    header = find_header(root)
    found = find_library(root) if library is None else library
    if not found.is_file():
        raise DramSim2Error(f"{found}: no such library")
    failures = []
    older = OLDER_STRING in found.read_bytes()
    for cxx11_abi in (not older, older):  # the likelier one first
        attachment = build(root, header, found.resolve(), cxx11_abi)
        try:
            try_out(attachment)
        except DramSim2Error as error:
            failures.append(str(error))
            shutil.rmtree(Path(attachment.shim).parent)
        else:
            keep(attachment)
            return attachment
    told = "; with the other std::string: ".join(dict.fromkeys(failures))
    raise DramSim2Error(f"{found}: cannot be attached: {told}")


def require_cffi() -> None:
    """Raises DramSim2Error naming the extra where cffi is missing."""
    try:
        import cffi  # noqa: F401
    except ImportError:
        raise DramSim2Error(
            "attaching a DRAMSim2 needs cffi: python -m pip install 'scanfuse[dramsim2]'"
        ) from None


def require_compiler() -> None:
    """Raises DramSim2Error where there is none of the two that extensions of Python are compiled with."""
    for name in ("CC", "CXX"):
        command = os.environ.get(name) or str(sysconfig.get_config_var(name) or "")
        compiler = next(iter(shlex.split(command)), "")
        if shutil.which(compiler) is None:
            raise DramSim2Error(f"no compiler: {compiler!r} is not there; set {name} to that of your system")


def find_header(root: Path) -> Path:
    """DRAMSim.h in the folder itself or in include/. Raises DramSim2Error."""
    if not root.is_dir():
        raise DramSim2Error(f"{root}: no such folder; give the one that holds {HEADER}")
    for folder in (root, root / "include"):
        if (folder / HEADER).is_file():
            return (folder / HEADER).resolve()
    raise DramSim2Error(f"{root}: no {HEADER} in it, nor in include/: is this the folder of a DRAMSim2?")


def find_library(root: Path) -> Path:
    """libdramsim in the folder itself, in lib*/ or a folder of lib/. Raises DramSim2Error."""
    for folder in (root, *sorted(root.glob("lib*")), *sorted(root.glob("lib/*"))):
        for name in LIBRARIES:
            if (folder / name).is_file():
                return folder / name
    raise DramSim2Error(
        f"{root}: no {' or '.join(LIBRARIES)} in it, nor in lib/: build it (make {LIBRARIES[0]}), or give "
        "--library"
    )


def build(root: Path, header: Path, library: Path, cxx11_abi: bool) -> Attachment:
    """The shim for these files, compiled unless it lies in the cache. Raises DramSim2Error, OSError."""
    library_sha256, sources_sha256 = file_sha256(library), shim_sha256()
    parts = [str(library), library_sha256, sources_sha256, str(cxx11_abi), str(sys.implementation.cache_tag)]
    parts += [file_sha256(each) for each in sorted(header.parent.glob("*.h"))]
    folder = cache_folder() / hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as making:
            made = compile_shim(Path(making), header.parent, library, cxx11_abi)
            whole = Path(making) / "whole"
            whole.mkdir()
            shutil.move(made, whole)
            if not folder.is_dir():
                os.replace(whole, folder)
    (shim,) = folder.iterdir()
    return Attachment(
        root=str(root.resolve()),
        header=str(header),
        library=str(library),
        library_sha256=library_sha256,
        cxx11_abi=cxx11_abi,
        shim=str(shim),
        shim_sha256=sources_sha256,
        python=str(sys.implementation.cache_tag),
    )


def compile_shim(folder: Path, include: Path, library: Path, cxx11_abi: bool) -> Path:
    """Compiles it in a process of its own, as compilers print. Raises DramSim2Error with the first error."""
    asked = json.dumps([str(folder), str(include), str(library), int(cxx11_abi)])
    command = [sys.executable, "-m", "scanfuse.dram.attached.build", asked]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise DramSim2Error(f"{library}: a shim for it does not compile: {first_error(done.stderr)}")
    return Path(done.stdout.splitlines()[-1])


def first_error(output: str) -> str:
    """The line of a compiler's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["the compiler says nothing"]
    said = [line for line in lines if "error" in line.lower() or "undefined" in line]
    return (said or lines[-1:])[0]
