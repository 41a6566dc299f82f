"""Networks of a training side by side, each in a process of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from matops.artifacts.data.prepared import read_prepared
from matops.artifacts.model.start import read_start
from matops.core.family import FamilyConfig
from matops.core.learning.checkpoint import TrainingStopped
from matops.core.learning.transfer import Way
from matops.families import get_family
from matops.processes.workers import begin_worker
from matops.steps.learning.checkpoints import CheckpointPolicy
from matops.steps.learning.stopping import listening_for_stop, told_to_stop
from matops.steps.learning.training_task import Task, run_task

POLL_SECONDS = 0.2

Report = Callable[[str, int, int, str], None]
"""Called with the name of a network, and as :data:`~matops.core.progress.Progress` for it."""


@dataclass(frozen=True)
class PoolWork:
    """What all workers need to know."""

    prepared: Path  # directory of the prepared samples
    family: str
    config: FamilyConfig
    out: Path  # directory of the model
    init_from: Path | None  # package from whose weights the networks start
    policy: CheckpointPolicy | None  # where and how often unfinished trainings are kept
    way: Way  # how they learn on from it


def train_in_pool(work: PoolWork, tasks: Sequence[Task], workers: int, report: Report) -> None:
    """Train all networks, ``workers`` at a time.

    Raises:
        TrainingStopped: this process was told to stop, and so were the workers.
    """
    # Forking a process that has started threads can deadlock; a spawned one starts clean.
    context = get_context("spawn")
    reports = context.SimpleQueue()
    with ProcessPoolExecutor(min(workers, len(tasks)), context, _begin, (reports,)) as pool:
        waiting = {pool.submit(_run_in_worker, work, task) for task in tasks}
        while waiting:
            finished, waiting = wait(waiting, POLL_SECONDS)
            while not reports.empty():
                report(*reports.get())
            if not told_to_stop():
                for future in finished:
                    future.result()
    if told_to_stop():
        raise TrainingStopped


def _run_in_worker(work: PoolWork, task: Task) -> None:
    prepared = read_prepared(work.prepared, get_family(work.family), work.config)
    start = read_start(work.init_from, prepared.family, work.config) if work.init_from else None
    # Only while it trains: one that is idle had better end at once.
    with listening_for_stop():
        report = partial(_report, task.name)
        run_task(prepared, task, work.out, report, start, work.policy, work.way)


_reports: Any = None


def _begin(reports: Any) -> None:
    global _reports
    begin_worker()
    _reports = reports


def _report(name: str, done: int, total: int, words: str) -> None:
    _reports.put((name, done, total, words))
