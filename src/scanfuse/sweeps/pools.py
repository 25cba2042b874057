"""Who runs the points: this process, a pool of processes on this machine, or a Dask cluster.

All three are `concurrent.futures`, and run the same function on the same points.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import scanfuse
from scanfuse.sweeps.errors import SweepError
from scanfuse.sweeps.evaluate import OtherVersion, Outcome, evaluate
from scanfuse.sweeps.points import Ready, error_text

ANSWER_S = 10  # until a scheduler is taken to be absent


@dataclass(frozen=True)
class Workers:
    """So many processes of this machine, or the Dask cluster whose scheduler has an address."""

    jobs: int
    cluster: str | None = None


def cores() -> int:
    """Cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def outcomes(points: Sequence[Ready], workers: Workers) -> Iterator[tuple[Ready, Outcome]]:
    """Every point with what came of it, as they end. Raises SweepError where the workers fail."""
    if not points:
        return
    if workers.cluster is None and min(workers.jobs, len(points)) == 1:
        for point in points:
            yield point, evaluate(point, scanfuse.__version__)
        return
    pool = _cluster(workers.cluster) if workers.cluster else _processes(min(workers.jobs, len(points)))
    with pool as executor:
        with _interrupts_held():
            running = {executor.submit(evaluate, point, scanfuse.__version__): point for point in points}
        for future in as_completed(running):
            yield running[future], _outcome(future)


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        raise SweepError(
            "a worker process was killed, for want of memory most likely; finished points are kept: run "
            "again with fewer --jobs"
        ) from None
    except OtherVersion as error:
        raise SweepError(f"{error}: install the same everywhere") from None
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # of Dask, once a point has taken several workers along
            return Outcome(None, error_text(error))
        raise SweepError(f"the workers cannot run points: {error_text(error)}") from error


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    context = multiprocessing.get_context("spawn")  # the same on every system; no threads are forked
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits while processes start, and with them until they are ready for it: they inherit this."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_with_parent() -> None:
    """In a worker: end at once on Ctrl-C, and when whoever started it has gone, however that went."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    client = _client(address)
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()  # what has not begun is forgotten


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise SweepError("--cluster needs Dask: pip install 'scanfuse[cluster]'") from None
    try:
        return Client(address, timeout=ANSWER_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SweepError(f"--cluster {address}: no Dask scheduler answers there: {error}") from None
