"""The process that an attached DRAMSim2 lives in: calls come in over a pipe, arrays go out.

Run as `python -m scanfuse.dram.attached.serve FILE_DESCRIPTOR SHIM`, in a folder that DRAMSim2 may fill.
"""

import importlib.util
import os
import sys
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

Told = tuple[NDArray[np.uint64], NDArray[np.float64]]


def main() -> None:
    calls = Connection(int(sys.argv[1]))
    try:
        server = Server(sys.argv[2])
    except ImportError as error:
        calls.send(str(error).removeprefix(f"{sys.argv[2]}: "))
        return
    calls.send("")
    while True:
        try:
            name, arguments = calls.recv()
        except EOFError:
            os._exit(0)  # whatever DRAMSim2 has left to do at an exit concerns nobody
        calls.send(getattr(server, name)(*arguments))


class Server:
    """The functions of the shim, with arrays for pointers."""

    def __init__(self, shim: str) -> None:
        spec = importlib.util.spec_from_file_location("_dramsim2_shim", shim)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.lib, self.ffi = module.lib, module.ffi
        self.ranks = 0

    def open(self, device: str, system: str, ranks: int, *rest: float) -> str:
        """Opens the memory (`shim_open`); where DRAMSim2 was found."""
        self.ranks = ranks
        self.lib.shim_open(device.encode(), system.encode(), ranks, *rest)
        return str(self.ffi.string(self.lib.shim_library()).decode(errors="replace"))

    def clock(self) -> tuple[int, int]:
        """Ticks and CPU cycles executed."""
        return int(self.lib.shim_ticks()), int(self.lib.shim_cycles())

    # --- request by request -----------------------------------------------------------------------

    def can_accept(self, address: int) -> bool:
        return bool(self.lib.shim_can_accept(address))

    def add(self, address: int, is_write: bool, tag: int) -> bool:
        """Whether there was room for it."""
        return bool(self.lib.shim_add(address, is_write, tag))

    def run_to(self, tick: int) -> tuple[Any, ...]:
        self.lib.shim_run_to(tick)
        return (*self.completions(), self.prints())

    # --- a recorded stream ------------------------------------------------------------------------

    def feed_how(self, per_cycle: int, never_ask: bool, stop_tick: int) -> None:
        self.lib.shim_feed_how(per_cycle, never_ask, stop_tick)

    def feed(self, cycles: Any, addresses: Any, is_write: Any, force: Any, idle: Any) -> tuple[Any, ...]:
        """The cycles in which requests of this piece were accepted; completions and prints meanwhile."""
        accepted = np.empty(len(cycles), np.int64)
        count = self.lib.shim_feed(
            len(cycles),
            self._from("int64_t[]", cycles),
            self._from("uint64_t[]", addresses),
            self._from("uint8_t[]", is_write),
            self._from("uint8_t[]", force),
            self._from("uint32_t[]", idle),
            self._into("int64_t[]", accepted),
        )
        return (accepted[:count], *self.completions(), self.prints())

    def finish(self, extra: int, until_tick: int) -> tuple[Any, ...]:
        self.lib.shim_finish(extra, until_tick)
        return (*self.completions(), self.prints())

    # --- whole transfers --------------------------------------------------------------------------

    def port(self, write_watermark: int, log: bool) -> None:
        self.lib.shim_port(write_watermark, log)

    def advance(self, submitted: list[tuple[int, Any, bool, int]], until_tick: int) -> tuple[Any, ...]:
        """Takes transfers (number, addresses, is_write, not_before) and goes on."""
        for number, addresses, is_write, not_before in submitted:
            self.lib.shim_submit(
                number, len(addresses), self._from("uint64_t[]", addresses), is_write, not_before
            )
        self.lib.shim_advance(until_tick)
        waiting = (int(self.lib.shim_waiting(0)), int(self.lib.shim_waiting(1)))
        return (*self.completions(), self.prints(), waiting, int(self.lib.shim_ticks()))

    def log(self) -> tuple[Any, ...]:
        """What was accepted since it was last asked for."""
        size = self.lib.shim_accepted()
        ticks, addresses = np.empty(size, np.int64), np.empty(size, np.uint64)
        is_write = np.empty(size, np.uint8)
        self.lib.shim_take_accepted(
            self._into("int64_t[]", ticks),
            self._into("uint64_t[]", addresses),
            self._into("uint8_t[]", is_write),
        )
        return ticks, addresses, is_write

    # --- what has come to light -------------------------------------------------------------------

    def completions(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Tags and ticks."""
        size = self.lib.shim_completions()
        tags, ticks = np.empty(size, np.uint64), np.empty(size, np.int64)
        self.lib.shim_take_completions(self._into("uint64_t[]", tags), self._into("int64_t[]", ticks))
        return tags, ticks

    def prints(self) -> Told:
        """The tick of each print, and watts by print, rank, and background, burst, refresh, actpre."""
        size = self.lib.shim_prints()
        ticks, watts = np.empty(size, np.uint64), np.empty((size, self.ranks, 4), np.float64)
        self.lib.shim_take_prints(self._into("uint64_t[]", ticks), self._into("double[]", watts))
        return ticks, watts

    def print_now(self) -> Told:
        """Has the powers up to now told, too."""
        self.lib.shim_print()
        return self.prints()

    def _from(self, kind: str, array: Any) -> Any:
        return self.ffi.NULL if array is None else self.ffi.from_buffer(kind, array)

    def _into(self, kind: str, array: Any) -> Any:
        return self.ffi.from_buffer(kind, array, require_writable=True)


if __name__ == "__main__":
    main()
