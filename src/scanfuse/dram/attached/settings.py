"""A memory's settings as the two files that an attached DRAMSim2 reads."""

from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import DramConfigError
from scanfuse.dram.ini import Value
from scanfuse.dram.keys import DEVICE_ORDER, MAPPED, PRINTING, SYSTEM_ORDER


def check_attachable(config: DramConfig) -> None:
    """Raises DramConfigError for what DRAMSim2 cannot be told by way of files.

    Overrides have to go into the files, where they reach the address mapping as well: DRAMSim2 would not do
    what it does with `-o` (quirk Q1).
    """
    if config.mode != "dramsim2":
        raise DramConfigError(f"mode={config.mode}: DRAMSim2 has no such mode; it is the engine's own")
    files = dict(config.files)
    for key, value in config.overrides:
        if key in MAPPED and value != files.get(key):
            raise DramConfigError(
                f"{key}={value}: as an override it does not reach the address mapping (DRAMSim2's quirk), "
                "and an attached DRAMSim2 cannot be told so; set it in a device or system file"
            )


def device_ini(config: DramConfig) -> str:
    """The device file, overrides included."""
    return "".join(f"{key}={_text(config[key])}\n" for key in DEVICE_ORDER)


def system_ini(config: DramConfig) -> str:
    """The system file, overrides included; nothing is to be printed."""
    values = {key: False if key in PRINTING else config[key] for key in SYSTEM_ORDER}
    return "".join(f"{key}={_text(value)}\n" for key, value in values.items())


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
