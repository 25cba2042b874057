"""A DRAMSim2 that the user has built, run in place of our engine, in a process of its own.

======================================  ============================================================
`attach`                                compile the shim against a DRAMSim2's headers and library
`attached`                              what is attached
`check_attachable`                      whether a configuration can be told to a DRAMSim2
`AttachedReplay, -Port, -Memory`        stand where the engine's Replay, Port and Memory stand
`CrossCheck`                            the first figure in which two replays are not equal
`check_conformance`                     hold what is attached to our engine
======================================  ============================================================

Only DRAMSim2's public interface is used (DRAMSim.h). It tells when each request completes and, from epoch to
epoch, the power of each rank, from which the energies follow to the last bit (`energy.py`). It does not tell
commands, row hits, or what a request has caused: where those are asked for there is an error.
"""

from scanfuse.dram.attached.attach import attach
from scanfuse.dram.attached.attachment import Attachment, attached
from scanfuse.dram.attached.conformance import check_conformance
from scanfuse.dram.attached.difference import CrossCheck
from scanfuse.dram.attached.memories import AttachedMemory, AttachedPort, AttachedReplay
from scanfuse.dram.attached.settings import check_attachable

__all__ = [
    "AttachedMemory",
    "AttachedPort",
    "AttachedReplay",
    "Attachment",
    "CrossCheck",
    "attach",
    "attached",
    "check_attachable",
    "check_conformance",
]
