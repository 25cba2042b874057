"""The accelerator: its PE array, buffer, DMA, layout, DRAM part and energy table.

Every section checks its values when it is made, so that a description read from TOML and one written in
Python meet the same errors. The defaults are those of the preset `paper`. Nothing about the DRAM is looked
up here: part, system and overrides are handed on as they stand.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from scanfuse.hardware import checks
from scanfuse.hardware.clock import check_clock, period_ps
from scanfuse.hardware.energy import energy_table

Dataflow = Literal["output_stationary", "systolic_os", "systolic_ws", "systolic_is"]
Order = Literal["auto", "nhwc", "nchw"]
DramMode = Literal["dramsim2", "strict"]
DramBackend = Literal["engine", "dramsim2"]
Policy = Literal["explicit", "lru"]
LoopOrder = Literal["auto", "mnk", "mkn", "nmk", "nkm", "kmn", "knm"]
Scalar = bool | int | float | str

DATAFLOWS: tuple[str, ...] = get_args(Dataflow)
ORDERS: tuple[str, ...] = get_args(Order)
POLICIES: tuple[str, ...] = get_args(Policy)
LOOP_ORDERS: tuple[str, ...] = get_args(LoopOrder)
DRAM_MODES: tuple[str, ...] = get_args(DramMode)
DRAM_BACKENDS: tuple[str, ...] = get_args(DramBackend)
MOST_PES = 1 << 20  # a row or a column of the array


@dataclass(frozen=True)
class PEArray:
    """Processing elements in rows and columns, one multiply-accumulate each per clock cycle."""

    rows: int = 32
    columns: int = 32
    clock_hz: int = 500_000_000
    dataflow: Dataflow = "output_stationary"

    def __post_init__(self) -> None:
        checks.whole_number("pe_array.rows", self.rows, at_most=MOST_PES)
        checks.whole_number("pe_array.columns", self.columns, at_most=MOST_PES)
        check_clock("pe_array.clock_hz", self.clock_hz)
        checks.one_of("pe_array.dataflow", self.dataflow, DATAFLOWS)

    @property
    def clock_period_ps(self) -> int:
        return period_ps(self.clock_hz)


@dataclass(frozen=True)
class Buffer:
    """The unified on-chip buffer, counted in entries."""

    entries: int = 65_536
    entry_bits: int = 16
    psum_entries: int = 1  # entries one partial sum takes
    policy: Policy = "explicit"  # the mapping says what stays; or lru: a cache of small tiles decides
    lru_tile: int = 16  # size of such a tile: pixels and channels
    lru_order: LoopOrder = "auto"  # loops over such tiles, outermost first (pixels m, outputs n, inputs k)
    reserve: float = 0.0  # share of the entries that a mapping leaves free, for loads ahead

    def __post_init__(self) -> None:
        checks.whole_number("buffer.entries", self.entries)
        checks.one_of_numbers("buffer.entry_bits", self.entry_bits, (8, 16, 32))
        checks.one_of_numbers("buffer.psum_entries", self.psum_entries, (1, 2, 4))
        checks.one_of("buffer.policy", self.policy, POLICIES)
        checks.whole_number("buffer.lru_tile", self.lru_tile)
        checks.share("buffer.reserve", self.reserve)
        checks.one_of("buffer.lru_order", self.lru_order, LOOP_ORDERS)

    @property
    def entry_bytes(self) -> int:
        return self.entry_bits // 8

    @property
    def bytes(self) -> int:
        return self.entries * self.entry_bytes

    @property
    def mapped_entries(self) -> int:
        """Entries that a mapping may fill."""
        return self.entries - int(self.entries * self.reserve)


@dataclass(frozen=True)
class DMA:
    """The engine between buffer and DRAM."""

    prefetch: bool = True  # load the next steps while one computes, as far as there is room
    write_watermark: int = 64  # reads go first while fewer write requests than this wait
    gather: bool = True  # ask for the bursts of a transfer row by row where banks would have to wait

    def __post_init__(self) -> None:
        checks.truth("dma.prefetch", self.prefetch)
        checks.whole_number("dma.write_watermark", self.write_watermark)
        checks.truth("dma.gather", self.gather)


@dataclass(frozen=True)
class Layout:
    """How tensors lie in DRAM; `auto` lets the mapping choose."""

    order: Order = "auto"
    skew_banks: bool = True  # rotate the banks of maps by the column, so that strides do not meet in one

    def __post_init__(self) -> None:
        checks.one_of("layout.order", self.order, ORDERS)
        checks.truth("layout.skew_banks", self.skew_banks)


@dataclass(frozen=True)
class DRAM:
    """The DRAM: a part of the library or the path of an ini file, and what to change in it."""

    part: str = "DDR3_micron_32M_8B_x8_sg15"
    system: str = ""  # path of a system ini; empty is the default system
    capacity_mib: int = 2048
    mode: DramMode = "dramsim2"  # or strict: DRAMSim2's bugs put right
    overrides: dict[str, Scalar] = field(default_factory=dict, hash=False)
    backend: DramBackend = "engine"  # or dramsim2: the one that is attached

    def __post_init__(self) -> None:
        checks.text("dram.part", self.part)
        checks.text("dram.system", self.system, empty=True)
        checks.whole_number("dram.capacity_mib", self.capacity_mib)
        checks.one_of("dram.mode", self.mode, DRAM_MODES)
        checks.one_of("dram.backend", self.backend, DRAM_BACKENDS)
        checks.scalars("dram.overrides", self.overrides)


@dataclass(frozen=True)
class Energy:
    """Where the on-chip energies come from: a table, and figures that replace those computed from it."""

    source: str = "horowitz_2014"
    mac_pj: float | None = None
    buffer_access_pj: float | None = None

    def __post_init__(self) -> None:
        checks.text("energy.source", self.source)
        checks.energy("energy.mac_pj", self.mac_pj)
        checks.energy("energy.buffer_access_pj", self.buffer_access_pj)
        energy_table(self.source)


@dataclass(frozen=True)
class Accelerator:
    """All that a network runs on."""

    name: str = "paper"
    pe_array: PEArray = PEArray()
    buffer: Buffer = Buffer()
    dma: DMA = DMA()
    layout: Layout = Layout()
    dram: DRAM = field(default_factory=DRAM)
    energy: Energy = Energy()

    def __post_init__(self) -> None:
        checks.text("name", self.name)

    @property
    def mac_pj(self) -> float:
        """Energy of one multiply-accumulate of two entries."""
        if self.energy.mac_pj is not None:
            return float(self.energy.mac_pj)
        return energy_table(self.energy.source).mac_pj(self.buffer.entry_bits)

    @property
    def buffer_access_pj(self) -> float:
        """Energy of one entry read from or written to the buffer."""
        if self.energy.buffer_access_pj is not None:
            return float(self.energy.buffer_access_pj)
        return energy_table(self.energy.source).buffer_access_pj(self.buffer.bytes, self.buffer.entry_bits)
