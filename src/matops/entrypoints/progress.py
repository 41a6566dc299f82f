"""Progress of long work: bars on a terminal, events of a step, and bars again from those."""

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from matops.core.progress import Progress
from matops.entrypoints.events import Event, tell

SECONDS_BETWEEN_LINES = 1.0


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
    """One bar for each step of a pipeline, from what the steps tell."""

    def __init__(self, console: Console) -> None:
        name, words = TextColumn("{task.description:<12}"), TextColumn("[dim]{task.fields[words]}")
        columns = (name, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), words)
        self.bars = Bars(*columns, console=console)
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "StepBars":
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bars.stop()

    def listen(self, event: Event) -> None:
        """Move a bar, or print a message above the bars."""
        if event.kind == "progress":
            self.report(event.step)(event.done, event.total, event.text)
        else:
            self.bars.console.print(str(event), markup=False, highlight=False, soft_wrap=True)

    def reporter(self, step: str) -> Progress:
        """Progress of one step as its bar, which appears with the first word of it."""
        return lambda *news: self.report(step)(*news)

    def report(self, step: str) -> Progress:
        """Progress of one step as its bar."""
        if step not in self.tasks:
            self.tasks[step] = self.bars.add_task(step, total=None, words="")
        task = self.tasks[step]

        def update(done: int, total: int, words: str) -> None:
            self.bars.update(task, completed=done, total=total, words=words)

        return update
