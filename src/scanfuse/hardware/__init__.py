"""What a network runs on: the accelerator, read from TOML, and what its PE array takes for a tile."""

from scanfuse.hardware.accelerator import (
    DATAFLOWS,
    DMA,
    DRAM,
    DRAM_BACKENDS,
    DRAM_MODES,
    LOOP_ORDERS,
    ORDERS,
    POLICIES,
    Accelerator,
    Buffer,
    Dataflow,
    Energy,
    Layout,
    Order,
    PEArray,
    Policy,
)
from scanfuse.hardware.errors import HardwareError, HardwareWarning
from scanfuse.hardware.pe_array import (
    Accesses,
    depthwise_accesses,
    depthwise_cycles,
    matmul_accesses,
    matmul_cycles,
    pe_utilization,
)
from scanfuse.hardware.read import load_hardware, preset_names
from scanfuse.hardware.write import to_toml

__all__ = [
    "DATAFLOWS",
    "DMA",
    "DRAM",
    "DRAM_BACKENDS",
    "DRAM_MODES",
    "LOOP_ORDERS",
    "ORDERS",
    "POLICIES",
    "Accelerator",
    "Accesses",
    "Buffer",
    "Dataflow",
    "Energy",
    "HardwareError",
    "HardwareWarning",
    "Layout",
    "Order",
    "PEArray",
    "Policy",
    "depthwise_accesses",
    "depthwise_cycles",
    "load_hardware",
    "matmul_accesses",
    "matmul_cycles",
    "pe_utilization",
    "preset_names",
    "to_toml",
]
