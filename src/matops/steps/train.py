"""Train: an ensemble on the training rows, members side by side, resumable member by member."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import torch
from torch import Tensor

from matops.artifacts.jsonfile import to_json
from matops.artifacts.model import (
    LearningPoint,
    MemberLog,
    TrainingLog,
    read_member,
    write_member,
    write_model,
)
from matops.artifacts.prepared import Prepared, read_prepared
from matops.artifacts.start import read_start
from matops.core.family import Family, FamilyConfig
from matops.core.progress import Progress
from matops.core.scaling import scaling_for
from matops.core.training import Ensemble, choose_device
from matops.core.transfer import Start
from matops.families import get_family
from matops.steps.workers import begin_worker

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """One network to train.

    Attributes:
        name: name of its checkpoint.
        member: number that shifts the seed.
        share: share of the training groups it sees; 1 for the ensemble's members.
    """

    name: str
    member: int
    share: float = 1.0


def plan_tasks(config: FamilyConfig) -> list[Task]:
    """The ensemble's members, then one network for each point of the learning curve."""
    members = [Task(f"member{i}", i) for i in range(config.training.members)]
    return members + [Task(f"share-{s:g}", 0, s) for s in config.evaluation.learning_curve]


def train(
    prepared_dir: Path,
    family: Family,
    config: FamilyConfig,
    out: Path,
    workers: int,
    progress: Progress,
    init_from: Path | None = None,
) -> TrainingLog:
    """Train the ensemble and write it to ``out``; only the training part of the split trains.

    Args:
        prepared_dir: prepared samples.
        family: family of the model.
        config: its configuration.
        out: directory of the model; an interrupted training continues from what lies there.
        workers: processes on a CPU; a GPU trains one member after the other.
        progress: called with epochs done and epochs in all, over all networks.
        init_from: package from whose weights the networks start.

    Raises:
        BadInput: that package is damaged, of another family, or may have seen the test groups.
    """
    out.mkdir(parents=True, exist_ok=True)
    tasks = plan_tasks(config)
    board = _Board(len(tasks), config.training.epochs, progress)
    start = read_start(init_from, family, config) if init_from else None
    if workers > 1 and choose_device(config.training.device).type == "cpu":
        _train_in_pool(prepared_dir, family, config, tasks, out, workers, board, init_from)
        prepared = read_prepared(prepared_dir, family, config)
    else:
        prepared = read_prepared(prepared_dir, family, config)
        for task in tasks:
            run_task(prepared, task, out, partial(board.report, task.name), start)
    return _assemble(prepared, tasks, out, start)


class _Board:
    """Adds up the progress of many trainings."""

    def __init__(self, n_tasks: int, epochs: int, progress: Progress) -> None:
        self.total = n_tasks * epochs
        self.done: dict[str, int] = {}
        self.progress = progress

    def report(self, name: str, done: int, _: int, words: str) -> None:
        self.done[name] = done
        self.progress(sum(self.done.values()), self.total, f"{name}, {words}")


def _key(prepared: Prepared, start: Start | None) -> str:
    version = start.lineage[0].version if start else ""
    said = prepared.version.encode() + to_json(prepared.config) + version.encode()
    return hashlib.sha256(said).hexdigest()[:20]


def _rows(prepared: Prepared, share: float) -> Tensor:
    """Training rows of the first ``share`` of the groups in a fixed order: more holds less."""
    rows = prepared.rows("train")
    groups = prepared.groups[rows.numpy()]
    names = np.random.default_rng(0).permutation(np.unique(groups))
    chosen = names[: max(2, round(share * len(names)))]
    return rows[torch.from_numpy(np.isin(groups, chosen))]


def run_task(
    prepared: Prepared, task: Task, out: Path, progress: Progress, start: Start | None = None
) -> None:
    """Train one network and leave its checkpoint in ``out``, unless it is there already."""
    family, config, key = prepared.family, prepared.config, _key(prepared, start)
    epochs = config.training.epochs
    if read_member(out, task.name, key, partial(family.network, config)):
        progress(epochs, epochs, "kept from before")
        return
    rows = _rows(prepared, task.share)
    features, scaled = prepared.features.take(rows), prepared.scaled_targets()[rows.numpy()]
    scaling = scaling_for(partial(family.network, config), features, scaled, family.targets, start)
    weights = start.of_member(task.member) if start else None
    standard = scaling.standard(scaled)
    network, log = family.fit_member(features, standard, config, task.member, progress, weights)
    ensemble = Ensemble([network], scaling.centre, scaling.scale)
    write_member(out, task.name, ensemble, MemberLog(key, tuple(log)))


def _run_in_worker(
    queue: Any,
    prepared_dir: Path,
    family: str,
    config: FamilyConfig,
    task: Task,
    out: Path,
    init_from: Path | None,
) -> None:
    def report(done: int, total: int, words: str) -> None:
        queue.put((task.name, done, total, words))

    prepared = read_prepared(prepared_dir, get_family(family), config)
    start = read_start(init_from, prepared.family, config) if init_from else None
    run_task(prepared, task, out, report, start)


@contextmanager
def _pool(workers: int) -> Iterator[tuple[ProcessPoolExecutor, Any]]:
    # Forking a process that has started threads can deadlock; a spawned one starts clean.
    context = get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(workers, context, begin_worker) as pool,
    ):
        yield pool, manager.Queue()


def _train_in_pool(
    prepared_dir: Path,
    family: Family,
    config: FamilyConfig,
    tasks: list[Task],
    out: Path,
    workers: int,
    board: _Board,
    init_from: Path | None,
) -> None:
    with _pool(min(workers, len(tasks))) as (pool, queue):
        waiting: set[Future[None]] = {
            pool.submit(
                _run_in_worker, queue, prepared_dir, family.name, config, task, out, init_from
            )
            for task in tasks
        }
        while waiting or not queue.empty():
            try:
                board.report(*queue.get(timeout=POLL_SECONDS))
            except Empty:
                finished = {future for future in waiting if future.done()}
                for future in finished:
                    future.result()
                waiting -= finished


def _kept(
    prepared: Prepared, task: Task, out: Path, start: Start | None
) -> tuple[Ensemble, MemberLog]:
    build = partial(prepared.family.network, prepared.config)
    kept = read_member(out, task.name, _key(prepared, start), build)
    if kept is None:
        raise RuntimeError(f"{out}: {task.name} was trained, but its checkpoint is not there")
    return kept


def _learning_point(prepared: Prepared, ensemble: Ensemble, n_rows: int) -> LearningPoint:
    held_out = prepared.rows("calibration")
    predicted = ensemble.predict(prepared.features.take(held_out)).mean(0)
    error = np.abs(predicted - prepared.scaled_targets()[held_out.numpy()]).mean(0)
    names = [target.name for target in prepared.family.targets]
    return LearningPoint(n_rows, dict(zip(names, error.tolist(), strict=True)))


def _assemble(prepared: Prepared, tasks: list[Task], out: Path, start: Start | None) -> TrainingLog:
    """Join the checkpoints to one model and write it."""
    config = prepared.config
    done = [(task, *_kept(prepared, task, out, start)) for task in tasks]
    curve = [
        _learning_point(prepared, ensemble, len(_rows(prepared, task.share)))
        for task, ensemble, _ in done
        if task.member == 0
    ]
    members = [(ensemble, log) for task, ensemble, log in done if task.share == 1.0]
    networks = [ensemble.networks[0] for ensemble, _ in members]
    first = members[0][0]
    log = TrainingLog(
        key=_key(prepared, start),
        device=str(choose_device(config.training.device)),
        epochs=tuple(entry for _, member_log in members for entry in member_log.epochs),
        learning_curve=tuple(sorted(curve, key=lambda point: point.rows)),
        lineage=start.lineage if start else (),
    )
    write_model(out, Ensemble(networks, first.centre, first.scale), log)
    return log
