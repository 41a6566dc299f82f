"""A worker process that is told what to do over a connection, for as long as it lives."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

from matops.processes.worker_process import die_with_parent, single_threaded_environment


class LinkedProcess:
    """One spawned, single-threaded process, and this process's end of the connection to it.

    ``work`` gets the other end, and the process lives until it returns. Signals to end are for the
    parent, who ends it when it has finished.
    """

    def __init__(self, work: Callable[[Connection], None]) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        self._process = spawn.Process(target=_run, args=(work, theirs))
        with single_threaded_environment():
            self._process.start()
        # Its end would never be reached while this process held the other one, too.
        theirs.close()

    def kill(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _run(work: Callable[[Connection], None], connection: Connection) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    die_with_parent()
    work(connection)
