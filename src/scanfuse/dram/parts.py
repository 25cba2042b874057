"""The library of DRAM devices: data files under `parts/`, one per device, named as in its data sheet."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

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


def part_table(names: list[str]) -> "pd.DataFrame":
    """A row per device: density_mbit (2^20 bits), width_bits, banks, burst_bytes (of a 64-bit bus),
    speed_mt_s, tck_ps, cl_ticks, trcd_ticks, trp_ticks, currents in mA (idd0_ma, ...), vdd_v, and currents:
    where these are from, in short (the file says it at length)."""
    import pandas as pd

    return pd.DataFrame([_figures(name) for name in names])


def _figures(name: str) -> dict[str, object]:
    from scanfuse.dram import ini

    values = {setting.key: ini.parse(setting) for setting in ini.read_ini(part_path(name))}
    cells = 1
    for key in ("NUM_BANKS", "NUM_ROWS", "NUM_COLS", "DEVICE_WIDTH"):
        cells *= int(values[key])
    tck_ps = round(float(values["tCK"]) * 1000)
    figures: dict[str, object] = {
        "part": name,
        "density_mbit": cells >> 20,
        "width_bits": values["DEVICE_WIDTH"],
        "banks": values["NUM_BANKS"],
        "burst_bytes": 8 * int(values["BL"]),
        "speed_mt_s": (2_000_000 + tck_ps // 2) // tck_ps,
        "tck_ps": tck_ps,
    }
    figures |= {f"{key.lower()}_ticks": values[key] for key in ("CL", "tRCD", "tRP")}
    for key in ("IDD0", "IDD2N", "IDD3N", "IDD4R", "IDD4W", "IDD5"):
        figures[f"{key.lower()}_ma"] = values[key]
    told = re.search(r"^; Currents \((.*?)\): ", part_path(name).read_text(encoding="utf-8"), re.MULTILINE)
    if told is None:
        raise ValueError(f"{part_path(name)}: expected a line '; Currents (WHERE FROM): ...'")
    return {**figures, "vdd_v": values["Vdd"], "currents": told[1]}
