"""A worker process that runs one task at a time and can be replaced when it dies."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_S = 20.0
"""For a process that was told to end, and keeps its state first."""
_THREAD_COUNTS = [f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM")]


class WorkerProcess:
    """One spawned, single-threaded worker process.

    With one task in one process, a crash points at the task that caused it. A shared pool would
    lose every task in flight and not tell which was to blame.
    """

    def __init__(self) -> None:
        self._executor = _start_worker()

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a function in the worker, a fresh one if the last has died.

        The future raises ``BrokenProcessPool`` if the worker dies on it.
        """
        try:
            return self._executor.submit(function, *args, **kwargs)
        except BrokenProcessPool:
            self.close()
            self._executor = _start_worker()
            return self._executor.submit(function, *args, **kwargs)

    def close(self) -> None:
        """Stop the worker, after the task at hand."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def finished_calls(
    function: Callable[..., T], calls: Iterable[tuple[Any, ...]], workers: int
) -> Iterator[tuple[tuple[Any, ...], Future[T]]]:
    """Each call with its finished future; a worker that dies fails the call that it was at only."""
    waiting = iter(calls)
    with ExitStack() as stack:
        running: dict[Future[T], tuple[WorkerProcess, tuple[Any, ...]]] = {}
        for call in islice(waiting, workers):
            process = WorkerProcess()
            stack.callback(process.close)
            running[process.submit(function, *call)] = process, call
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                process, call = running.pop(future)
                for following in islice(waiting, 1):
                    running[process.submit(function, *following)] = process, following
                yield call, future


def _start_worker() -> ProcessPoolExecutor:
    executor = ProcessPoolExecutor(
        max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=die_with_parent
    )
    # The executor spawns on its first task. Waiting for an idle one both fixes the environment
    # that the worker inherits and tells a worker that cannot start from a task that kills it.
    with single_threaded_environment():
        executor.submit(os.getpid).result()
    return executor


def die_with_parent() -> None:
    """Let a worker watch its parent: if that is killed outright, nobody else tells it to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def end_with(pid: int) -> None:
    """Let this process end with another: told to at first, as by SIGTERM, and then at once.

    Only Linux says when a process ends that is no child; elsewhere nothing is done.
    """
    if hasattr(os, "pidfd_open"):
        try:
            other = os.pidfd_open(pid)
        except ProcessLookupError:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        threading.Thread(target=_end_after, args=(other,), daemon=True).start()


def _end_after(other: int) -> None:
    select.select([other], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_S)
    os._exit(1)


def _exit_after(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def single_threaded_environment() -> Iterator[None]:
    """Ask for one thread per numerical library in processes started meanwhile."""
    before = {name: os.environ.get(name) for name in _THREAD_COUNTS}
    os.environ.update(dict.fromkeys(_THREAD_COUNTS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
