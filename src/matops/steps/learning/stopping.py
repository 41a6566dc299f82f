"""Being told to stop: what Kubernetes sends before it takes a pod away."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_told = threading.Event()


def told_to_stop() -> bool:
    """Whether this process got SIGTERM while it listened."""
    return _told.is_set()


def _tell_children() -> None:
    for child in multiprocessing.active_children():
        child.terminate()


@contextmanager
def listening_for_stop(hand_on: Callable[[], None] = _tell_children) -> Iterator[None]:
    """Take note of SIGTERM for a while instead of ending, and hand it on to child processes.

    Only a process's main thread can; in another one this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def take_note(_: int, __: FrameType | None) -> None:
        _told.set()
        hand_on()

    before = signal.signal(signal.SIGTERM, take_note)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _told.clear()
