"""Many independent calls: in worker processes, or one after the other in this one."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

import torch

from matops.processes.worker_process import die_with_parent

T = TypeVar("T")


def begin_worker() -> None:
    """Make a spawned process a worker: it has one thread and ends with its parent."""
    die_with_parent()
    torch.set_num_threads(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def run_all(
    function: Callable[..., T], calls: Sequence[tuple[Any, ...]], workers: int
) -> Iterator[T]:
    """Results of ``function(*arguments)`` for all calls, in the order in which they finish.

    Args:
        function: a module's function; it returns little and leaves the rest on disk.
        calls: the arguments of each call.
        workers: processes, with one thread each, since others may need the other cores; with
            one, everything runs in this process.
    """
    workers = min(workers, len(calls))
    if workers <= 1:
        for arguments in calls:
            with _one_thread():
                result = function(*arguments)
            yield result
        return
    # Forking a process that has started threads can deadlock; a spawned one starts clean.
    with ProcessPoolExecutor(workers, get_context("spawn"), begin_worker) as pool:
        try:
            for future in as_completed([pool.submit(function, *each) for each in calls]):
                yield future.result()
        finally:
            # After a failure, or when nobody listens any more, the rest is not worth starting.
            pool.shutdown(wait=False, cancel_futures=True)
