"""Progress of long work: bars on a terminal, events of a step, and bars again from those."""

import math
import time
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from matops.core.progress import Progress
from matops.entrypoints.events import Event, tell

SECONDS_BETWEEN_LINES = 1.0
SECONDS_BETWEEN_LOG_LINES = 10.0
GOES_ON = "stopped; the same command goes on where it was"


def log_progress(step: str) -> Progress:
    """Progress that is told, to the parent or in a pod's log: once a second, and at the end."""
    last = 0.0

    def report(done: int, total: int, words: str) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= SECONDS_BETWEEN_LINES:
            last = now
            tell(Event("progress", words, step, done, total))

    return report


def no_progress(done: int, total: int, words: str) -> None:
    """Say nothing: of several processes that work together, one tells."""


class StepBars:
    """One bar for each step of a pipeline, from what the steps tell; lines where no terminal is.

    A step's time is that since the step before it ended, so it includes what the step takes to
    start. ``goes_on`` is said where somebody interrupts.
    """

    def __init__(self, console: Console, goes_on: str = "") -> None:
        name, words = TextColumn("{task.description:<12}"), TextColumn("[dim]{task.fields[words]}")
        columns = (name, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), words)
        self.bars = Bars(*columns, console=console, disable=not console.is_terminal)
        self.tasks: dict[str, TaskID] = {}
        self._goes_on = goes_on
        self._last_end = time.monotonic()
        self._last_line: dict[str, float] = {}
        self._unprinted: dict[str, str] = {}

    def __enter__(self) -> "StepBars":
        self.bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._print_rest()
        self.bars.stop()
        if kind is KeyboardInterrupt and self._goes_on:
            self.bars.console.print(self._goes_on, highlight=False, soft_wrap=True)

    def listen(self, event: Event) -> None:
        """Move a bar, or print a message above the bars."""
        if event.kind == "progress":
            self.report(event.step)(event.done, event.total, event.text)
        elif event.kind != "start" or self.bars.disable:  # a terminal has bars whose time runs
            self._print(str(event))

    def reporter(self, step: str) -> Progress:
        """Progress of one step as its bar, which appears with the first word of it."""
        return lambda *news: self.report(step)(*news)

    def report(self, step: str) -> Progress:
        """Progress of one step as its bar."""
        if step not in self.tasks:
            self._print_rest()
            self.tasks[step] = self.bars.add_task(step, total=None, words="")
            self.bars.tasks[-1].start_time = self._last_end
        task = self.tasks[step]

        def update(done: int, total: int, words: str) -> None:
            self.bars.update(task, completed=done, total=total, words=words)
            now = time.monotonic()
            if done == total:
                self._last_end = now
            if not self.bars.disable:
                return
            elapsed = timedelta(seconds=round(now - (self.bars.tasks[task].start_time or now)))
            self._unprinted[step] = f"{step}: {done} of {total} in {elapsed} ({words})"
            if now - self._last_line.get(step, -math.inf) >= SECONDS_BETWEEN_LOG_LINES:
                self._last_line[step] = now
                self._print(self._unprinted.pop(step))

        return update

    def _print_rest(self) -> None:
        """How far the steps were when they said nothing more."""
        for line in self._unprinted.values():
            self._print(line)
        self._unprinted.clear()

    def _print(self, line: str) -> None:
        self.bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
