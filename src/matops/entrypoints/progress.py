"""Progress of long work: bars on a terminal, lines in a log, and bars again from those lines."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from matops.core.progress import Progress

SECONDS_BETWEEN_LINES = 1.0
LINE = re.compile(r"^(?P<step>[a-z0-9-]+): (?P<done>\d+) of (?P<total>\d+) \((?P<words>.*)\)$")


def log_progress(step: str) -> Progress:
    """Progress as lines of a log, as a pod writes them; at most one a second, and the last.

    They go to standard error: standard output is for results.
    """
    last = 0.0

    def report(done: int, total: int, words: str) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= SECONDS_BETWEEN_LINES:
            last = now
            print(f"{step}: {done} of {total} ({words})", file=sys.stderr, flush=True)

    return report


def no_progress(done: int, total: int, words: str) -> None:
    """Say nothing: of several processes that work together, one tells."""


def parse_line(line: str) -> tuple[int, int, str] | None:
    """What :func:`log_progress` said in a line; None for any other line."""
    match = LINE.match(line)
    return (int(match["done"]), int(match["total"]), match["words"]) if match else None


def _bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[words]}"),
        console=console,
    )


@contextmanager
def bar_progress(step: str, console: Console) -> Iterator[Progress]:
    """Progress as a bar."""
    with _bars(console) as bars:
        task = bars.add_task(step, total=None, words="")

        def report(done: int, total: int, words: str) -> None:
            bars.update(task, completed=done, total=total, words=words)

        yield report


class StepBars:
    """One bar for each step of a pipeline, from the lines that the steps print."""

    def __init__(self, console: Console) -> None:
        self.bars = _bars(console)
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "StepBars":
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bars.stop()

    def listen(self, line: str) -> None:
        """Take a line; those that aren't progress are left to the log."""
        match = LINE.match(line)
        if match:
            step, done, total, words = match.groups()
            self.report(step)(int(done), int(total), words)

    def reporter(self, step: str) -> Progress:
        """Progress of one step as its bar, which appears with the first word of it."""
        return lambda *said: self.report(step)(*said)

    def report(self, step: str) -> Progress:
        """Progress of one step as its bar."""
        if step not in self.tasks:
            self.tasks[step] = self.bars.add_task(step, total=None, words="")
        task = self.tasks[step]

        def update(done: int, total: int, words: str) -> None:
            self.bars.update(task, completed=done, total=total, words=words)

        return update
