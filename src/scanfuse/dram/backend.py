"""Who simulates a memory: our engine, or the DRAMSim2 that the user has attached.

An attached DRAMSim2 (`scanfuse dramsim2 attach`, see third_party/DRAMSim2/README.md) runs in a process of its
own and tells the same ticks and the same energy, many times slower. It does not tell commands, row hits,
banks or what each owner's requests caused: asking for them raises DramSim2Error.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

from scanfuse.dram.errors import DramSim2Error, did_you_mean

if TYPE_CHECKING:
    from scanfuse.dram.config import DramConfig

Backend = Literal["engine", "dramsim2"]
BACKENDS: tuple[str, ...] = get_args(Backend)


def is_attached(backend: str, records: Mapping[str, bool]) -> bool:
    """Whether it is the attached DRAMSim2. Raises ValueError for an unknown backend, DramSim2Error where
    `records` are asked for that it does not tell."""
    if backend not in BACKENDS:
        raise ValueError(
            f"backend={backend!r}: must be {' or '.join(BACKENDS)}{did_you_mean(str(backend), BACKENDS)}"
        )
    if backend == "engine":
        return False
    for name, asked in records.items():
        if asked:
            raise DramSim2Error(f"{name}: an attached DRAMSim2 does not tell them: use the engine")
    return True


def check_backend(backend: str, config: "DramConfig") -> None:
    """Raises, before any work is done, what making a memory of this kind with this backend would raise."""
    if is_attached(backend, {}):
        from scanfuse.dram.attached import attached, check_attachable

        attached()
        check_attachable(config)
