"""The head of DRAMSim2's `.vis` file: all settings as text, in its order."""

from typing import TYPE_CHECKING

import numpy as np

from scanfuse.dram.keys import BOOLS, DEVICE_ORDER, FLOATS, PRINTING, SYSTEM_ORDER

if TYPE_CHECKING:
    from scanfuse.dram.config import DramConfig

Texts = list[tuple[str, str]]


def vis_head(config: "DramConfig") -> tuple[Texts, Texts]:
    """Keys and values, after overrides, of the system and of the device. Where there is a file, the setting
    that asks for it is true."""
    return (
        [(key, _text(config, key)) for key in SYSTEM_ORDER],
        [(key, _text(config, key)) for key in DEVICE_ORDER],
    )


def _text(config: "DramConfig", key: str) -> str:
    if key in BOOLS:
        set_to = dict(config.printing).get(key, False) if key in PRINTING else config[key]
        return "true" if set_to or key == "VIS_FILE_OUTPUT" else "false"
    value = config[key]
    return f"{np.float32(value):.6g}" if key in FLOATS else str(value)
