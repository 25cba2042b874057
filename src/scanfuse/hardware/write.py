"""Hardware to TOML: all of it, so that a saved run does not depend on what the defaults become."""

import dataclasses

from scanfuse.hardware.accelerator import Accelerator


def to_toml(accelerator: Accelerator) -> str:
    """A description that `load_hardware` reads back as an equal object; what a table decides is left out."""
    import tomli_w

    table = dataclasses.asdict(accelerator)
    for section, content in table.items():
        if isinstance(content, dict):
            table[section] = {key: value for key, value in content.items() if value is not None}
    return tomli_w.dumps(table)
