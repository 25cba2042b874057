"""What is attached: a record in the user's cache folder, held to the files it names whenever it is used."""

import dataclasses
import hashlib
import json
import os
import sys
from pathlib import Path

from scanfuse.dram.errors import DramSim2Error

SHIM = Path(__file__).parent / "shim"
HINT = "scanfuse dramsim2 attach --root DIR"


@dataclasses.dataclass(frozen=True)
class Attachment:
    """A DRAMSim2 and the shim that was compiled against it."""

    root: str
    """The folder that was given."""
    header: str
    """Its DRAMSim.h."""
    library: str
    """Its shared library, every symbolic link followed."""
    library_sha256: str
    cxx11_abi: bool
    """Whether its std::string is the one of C++11 (_GLIBCXX_USE_CXX11_ABI=1)."""
    shim: str
    """The compiled shim, a Python module."""
    shim_sha256: str
    """Of the sources of the shim."""
    python: str
    """The Python that it was compiled for."""

    def check(self) -> None:
        """Raises DramSim2Error if what is attached is no longer what it was."""
        for path in (self.library, self.shim):
            if not Path(path).is_file():
                raise DramSim2Error(f"{path}: is gone since it was attached: {HINT}")
        if file_sha256(self.library) != self.library_sha256:
            raise DramSim2Error(f"{self.library}: has changed since it was attached: {HINT}")
        if shim_sha256() != self.shim_sha256:
            raise DramSim2Error(f"another version of scanfuse attached {self.library}: {HINT}")
        if self.python != sys.implementation.cache_tag:
            raise DramSim2Error(
                f"{self.library}: attached for {self.python}, not {sys.implementation.cache_tag}: {HINT}"
            )

    @property
    def is_ours(self) -> bool:
        """Whether it is not DRAMSim2 itself but our engine behind its interface (native/dramsim2_api)."""
        return b"scanfuse dramsim" in Path(self.library).read_bytes()


def cache_folder() -> Path:
    """Where shims and the record are kept: `scanfuse/dramsim2` in the user's cache folder."""
    asked = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(asked):  # the XDG specification: relative ones are to be ignored
        place = Path(asked)
    else:
        place = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return place / "scanfuse" / "dramsim2"


def record_path() -> Path:
    """The record of what is attached."""
    return cache_folder() / "attached.json"


def attached() -> Attachment:
    """What is attached, checked. Raises DramSim2Error where nothing is, or where it has changed."""
    path = record_path()
    try:
        found = Attachment(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DramSim2Error(f"no DRAMSim2 is attached: {HINT}") from None
    except (TypeError, ValueError) as error:
        raise DramSim2Error(f"{path}: not a record of what is attached ({error}): {HINT}") from None
    found.check()
    return found


def keep(attachment: Attachment) -> None:
    """Makes it the one that is attached. Raises OSError."""
    path = record_path()
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(dataclasses.asdict(attachment), indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def file_sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def shim_sha256() -> str:
    """Of all sources of the shim, and of how it is compiled."""
    sources = [*sorted(SHIM.iterdir()), SHIM.parent / "build.py"]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
