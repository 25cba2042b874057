"""The machines that the publication leaves open: arrays, clocks, entry widths and buses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from experiments.point import Point

ONE_RANK = "dram.capacity_mib=1"  # less than a rank gives one rank, whatever the width of the bus


@dataclass(frozen=True)
class Machine:
    """A square array of `rows` x `rows` PEs at `clock`, entries of `bits`, a DRAM bus of `bus` bits."""

    rows: int
    clock: str
    bits: int
    bus: int

    @property
    def settings(self) -> tuple[str, ...]:
        return (
            f"pe_array.rows={self.rows}",
            f"pe_array.columns={self.rows}",
            f"pe_array.clock_hz={self.clock}",
            f"buffer.entry_bits={self.bits}",
            ONE_RANK,
        )

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return f"{self.rows} x {self.rows}", self.clock, f"{self.bits}", f"x{self.bus}"

    def point(self, schedule: str) -> Point:
        system = (("JEDEC_DATA_BUS_BITS", self.bus),)
        return Point(schedule=schedule, settings=self.settings, system=system)


MACHINES = tuple(
    Machine(*cells) for cells in product((16, 32), ("200 MHz", "500 MHz", "1 GHz"), (8, 16), (64, 16))
)
HEAD = ("PEs", "clock", "bits", "bus")


@dataclass(frozen=True)
class Change:
    """One thing of the preset `paper` changed."""

    what: str
    settings: tuple[str, ...] = ()
    system: tuple[tuple[str, object], ...] = ()

    def point(self, schedule: str) -> Point:
        return replace(Point(), schedule=schedule, settings=self.settings, system=self.system)


def part(what: str, name: str, *system: tuple[str, object]) -> Change:
    return Change(what, (f"dram.part={name}", ONE_RANK), system)


CHANGES = (
    Change("nothing"),
    Change("psum_entries 4", ("buffer.psum_entries=4",)),
    Change("no prefetch", ("dma.prefetch=false",)),
    Change("weight-stationary systolic array", ("pe_array.dataflow=systolic_ws",)),
    Change("mode strict", ("dram.mode=strict",)),
    Change("no power-down", system=(("USE_LOW_POWER", False),)),
    Change("closed page", system=(("ROW_BUFFER_POLICY", "close_page"),)),
    Change("rows kept open (no cap of 5 accesses)", system=(("TOTAL_ROW_ACCESSES", 1_000_000),)),
    part("one x16 device on a bus of 16", "DDR3_micron_8M_8B_x16_sg15", ("JEDEC_DATA_BUS_BITS", 16)),
    part("four x16 devices", "DDR3_micron_8M_8B_x16_sg15"),
    part("DDR3-800", "DDR3_micron_32M_8B_x8_sg25E"),
    part("DDR3-1600, 4 Gbit", "DDR3_micron_64M_8B_x8_sg125"),
    part("DDR3L-1600, 4 Gbit", "DDR3L_micron_64M_8B_x8_sg125"),
    part("DDR2-800", "DDR2_micron_32M_8B_x4_sg25E"),
)
