"""What is run: a network, a schedule or a mapping, hardware. Saved as the `config.toml` of a run folder and
read back.

The file is a description of hardware with a `[run]` table on top. `scanfuse run FOLDER/config.toml` repeats
the run to the bit with the same version of scanfuse; `--hardware FOLDER/config.toml` takes the hardware only.
Nothing in it depends on what the defaults become or on files elsewhere: beside it lie the mapping, in
`mapping.toml`, the DRAM's settings, in ini files, and a table of energies that is not one of scanfuse's own.
Where the mapping was searched for, the `[run]` table names the schedule too, and for other hardware or
another network it is searched for anew; where it was given, it alone says what runs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import scanfuse
from scanfuse.dram import DramConfig
from scanfuse.dram.keys import DEVICE_UINTS
from scanfuse.hardware import Accelerator, HardwareError, load_hardware, to_toml
from scanfuse.mapping import Mapping, mapping_text
from scanfuse.network import Network, load

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEVICE_KEYS = frozenset((*DEVICE_UINTS, "tCK", "Vdd"))
KEYS = {
    "network": str,
    "schedule": str,
    "objective": str,
    "resolution": int,
    "width": float,
    "mapping": str,
    "version": str,
    "sha256": str,
    "skip_unsupported": bool,
}
MAPPING_FILE = "mapping.toml"


@dataclass(frozen=True)
class Setup:
    """A network as it is asked for, how it runs, and what it runs on.

    mapping: a file; with a schedule what its search has found, alone what was given. schedule: None where
    only the mapping says how the network runs. objective: what its search makes least; None for traffic.
    sha256: of a network in a file, what its content must be.
    """

    network: str
    schedule: str | None = "fused"
    resolution: int | None = None
    width: float | None = None
    hardware: Accelerator = field(default_factory=Accelerator)
    mapping: Path | None = None
    objective: str | None = None
    sha256: str | None = None
    skip_unsupported: bool = False

    def load_network(self) -> Network:
        """The network. Raises NetworkError, OSError."""
        return load(
            self.network,
            self.resolution,
            self.width,
            skip_unsupported=self.skip_unsupported,
            sha256=self.sha256,
        )


def dram_config(accelerator: Accelerator) -> DramConfig:
    """The DRAM of an accelerator. Raises DramConfigError, OSError."""
    if not isinstance(accelerator, Accelerator):
        given = f"{accelerator!r:.60}"
        raise TypeError(f"accelerator: expected an Accelerator, as scanfuse.load_hardware gives, got {given}")
    dram = accelerator.dram
    return DramConfig.from_ini(dram.part, dram.system or None, dram.capacity_mib, dram.overrides, dram.mode)


def burst_of(config: DramConfig) -> dict[str, int]:
    """What the search must know of a DRAM."""
    return {
        "burst_bytes": config.transaction_bytes,
        "burst_ps": int(config["BL"]) // 2 * config.tck_ps,
    }


def config_files(setup: Setup, config: DramConfig, mapping: Mapping) -> dict[str, str]:
    """The text of `config.toml` and of the files it refers to, by file name. Raises OSError."""
    import tomli_w

    hardware, device_ini = setup.hardware, f"{config.name}.ini"
    table = tomllib.loads(to_toml(hardware))
    table["dram"] |= {"part": device_ini, "system": "system.ini", "overrides": dict(config.overrides)}
    device = {key: value for key, value in config.files if key in DEVICE_KEYS}
    system = {key: value for key, value in config.files if key not in DEVICE_KEYS}
    files = {
        MAPPING_FILE: mapping_text(mapping),
        device_ini: ini_text("device", device),
        "system.ini": ini_text("system", system),
    }
    if hardware.energy.source.endswith(".toml"):
        files["energy.toml"] = Path(hardware.energy.source).read_text(encoding="utf-8")
        table["energy"]["source"] = "energy.toml"
    keys = ("network", "schedule", "objective", "resolution", "width")
    asked: dict[str, Any] = {key: getattr(setup, key) for key in keys}
    origin = mapping.network.origin
    if origin is not None and origin.sha256 is not None:  # a file: its place and what it holds
        asked |= {"network": origin.name, "sha256": origin.sha256}
        asked["skip_unsupported"] = origin.skip_unsupported
    table["run"] = {key: value for key, value in asked.items() if value is not None}
    table["run"] |= {"mapping": MAPPING_FILE, "version": scanfuse.__version__}
    head = (
        "# Run again with: scanfuse run config.toml\n# The same version gives the same figures to the bit.\n"
    )
    return {"config.toml": head + tomli_w.dumps(table), **files}


def ini_text(what: str, settings: dict[str, Any]) -> str:
    """Settings as DRAMSim2 reads them."""
    lines = [f"; {what} settings of a scanfuse run"]
    for key, value in settings.items():
        lines.append(f"{key}={str(value).lower() if isinstance(value, bool) else value}")
    return "\n".join(lines) + "\n"


def load_setup(path: Path, settings: list[str]) -> Setup:
    """What a run folder's `config.toml` describes, with settings on top. Raises HardwareError, OSError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise HardwareError(f"{path}: not valid TOML: {error}") from None
    asked: Any = table.get("run")
    if not isinstance(asked, dict) or "network" not in asked or not {"schedule", "mapping"} & asked.keys():
        raise HardwareError(
            f"{path}: no [run] table with network and schedule or mapping: give the config.toml of a run "
            f"folder, or a network and --hardware {path}"
        )
    for key, value in asked.items():
        if key not in KEYS:
            raise HardwareError(f"{path}: run.{key}: unknown key; the keys are {', '.join(KEYS)}")
        if not isinstance(value, (int, float) if KEYS[key] is float else KEYS[key]):
            raise HardwareError(f"{path}: run.{key}: expected {KEYS[key].__name__}, got {value!r}")
    chosen: dict[str, Any] = {"schedule": None, **asked}
    chosen.pop("version", None)
    if "mapping" in chosen:
        chosen["mapping"] = path.parent / chosen["mapping"]
    return Setup(**chosen, hardware=load_hardware(path, settings))
