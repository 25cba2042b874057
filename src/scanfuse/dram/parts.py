"""The library of DRAM devices: data files under `parts/`, one per device, named as in its data sheet."""

from pathlib import Path

_HERE = Path(__file__).parent


def parts() -> list[str]:
    """Names of the devices that come with scanfuse, sorted; each may be given as `device`."""
    return sorted(path.stem for path in (_HERE / "parts").glob("*.ini"))


def part_path(name: str) -> Path:
    """The data file of a device."""
    return _HERE / "parts" / f"{name}.ini"


def default_system_path() -> Path:
    """The data file of the system settings used when none are given."""
    return _HERE / "systems" / "default.ini"
