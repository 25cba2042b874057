"""An attached DRAMSim2 in a process and a folder of its own, which both go when it is not needed any more.

What it prints is read and forgotten but for its last lines; what it writes goes into the folder. It cannot
exit, crash or misbehave in any other way that reaches us: then there is an error, with its last words.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections import deque
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import IO, Any

import numpy as np

from scanfuse.dram.attached.attachment import Attachment
from scanfuse.dram.attached.settings import check_attachable, device_ini, system_ini
from scanfuse.dram.config import DramConfig
from scanfuse.dram.errors import DramSim2Error

LAST_LINES, LINE_LENGTH = 4, 200
GRACE_S = 5.0  # for a process whose pipe has closed to end


class AttachedProcess:
    """A memory simulated by an attached DRAMSim2."""

    def __init__(self, attachment: Attachment, config: DramConfig, cpu_hz: int = 0) -> None:
        check_attachable(config)
        folder = Path(tempfile.mkdtemp(prefix="scanfuse-dramsim2-"))
        (folder / "device.ini").write_text(device_ini(config), encoding="utf-8")
        (folder / "system.ini").write_text(system_ini(config), encoding="utf-8")
        self._calls, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scanfuse.dram.attached.serve", str(theirs.fileno()), attachment.shim],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )
        theirs.close()
        assert self._process.stdout is not None
        self._printed = _LastLines(self._process.stdout)
        self.close = weakref.finalize(self, _end, self._process, self._calls, self._printed, folder)
        if failure := self._receive():
            raise DramSim2Error(f"{attachment.library}: cannot be loaded: {failure}")
        where = self.call(
            "open",
            "device.ini",
            "system.ini",
            config.num_channels * config.num_ranks,
            config.capacity_mib,
            cpu_hz,
            float(np.float32(config["tCK"])),
            int(config["EPOCH_LENGTH"]),
        )
        if os.path.realpath(where) != attachment.library:
            raise DramSim2Error(
                f"{attachment.library}: another library was loaded in its place, {where}: give it the name "
                "that it was built under, and see that LD_LIBRARY_PATH does not lead elsewhere"
            )

    def call(self, name: str, *arguments: object) -> Any:
        """Calls a function of `serve.Server`. Raises DramSim2Error if the process has died."""
        with contextlib.suppress(OSError):
            self._calls.send((name, arguments))
        return self._receive()

    def _receive(self) -> Any:
        try:
            return self._calls.recv()
        except (EOFError, OSError):
            raise DramSim2Error(self._last_words()) from None

    def _last_words(self) -> str:
        try:
            status = self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        ended = (
            f"was ended by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
        )
        said = " | ".join(self._printed.last())
        return f"DRAMSim2 {ended}" + (f"; the last it said: {said}" if said else ", saying nothing")


class _LastLines(threading.Thread):
    """Reads what a process prints, to the end, and keeps the last lines of it."""

    def __init__(self, source: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._lines: deque[bytes] = deque(maxlen=LAST_LINES)
        self.start()

    def run(self) -> None:
        with self._source:
            while line := self._source.readline(1 << 16):
                if line.strip():
                    self._lines.append(line[: 4 * LINE_LENGTH])

    def last(self) -> list[str]:
        self.join(GRACE_S)
        return [line.decode(errors="replace").strip()[:LINE_LENGTH] for line in list(self._lines)]


def _end(process: "subprocess.Popen[bytes]", calls: Connection, printed: _LastLines, folder: Path) -> None:
    calls.close()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()
    printed.join(GRACE_S)
    shutil.rmtree(folder, ignore_errors=True)
