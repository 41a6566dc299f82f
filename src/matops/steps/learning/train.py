"""Train: an ensemble on the training rows, resumable wherever it was interrupted."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from matops.artifacts.data.prepared import Prepared, read_prepared
from matops.artifacts.model.model import (
    LearningPoint,
    TrainingLog,
    read_member,
    write_model,
)
from matops.artifacts.model.start import read_start
from matops.core.family import Family, FamilyConfig
from matops.core.learning.corrections import Choice
from matops.core.learning.ranks import Ranks
from matops.core.learning.training import Ensemble, choose_device
from matops.core.learning.transfer import Start
from matops.core.progress import Progress
from matops.steps.learning.checkpoints import CheckpointPolicy, drop_checkpoints
from matops.steps.learning.stopping import listening_for_stop
from matops.steps.learning.training_pool import PoolWork, Report, train_in_pool
from matops.steps.learning.training_task import (
    Task,
    checkpoint_key,
    choose_way_once,
    run_task,
    training_key,
    training_rows,
)


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
    policy: CheckpointPolicy | None = None,
) -> TrainingLog:
    """Train the ensemble and write it to ``out``; only the training part of the split trains.

    Processes that have joined a group of ``torch.distributed`` train one network after the other
    together; ``out`` is one directory for all of them.

    Finished networks in ``out`` are not trained again. On a CPU each of the ``workers`` trains one
    network; a GPU trains one after the other.

    Raises:
        BadInput: that package is damaged, of another family, or may have seen the test groups.
        TrainingStopped: the process got SIGTERM; its state is kept, and the same call goes on.
    """
    out.mkdir(parents=True, exist_ok=True)
    tasks, ranks = plan_tasks(config), Ranks.joined()
    report = _adding_up(len(tasks) * config.training.epochs, progress)
    start = read_start(init_from, family, config) if init_from else None
    choice, prepared = None, read_prepared(prepared_dir, family, config)
    on_cpu = choose_device(config.training.device).type == "cpu"
    with listening_for_stop():
        if start:
            choice = choose_way_once(prepared, out, start)
        way = choice.way if choice else "fine_tuning"
        if workers > 1 and on_cpu and ranks.size == 1:
            work = PoolWork(prepared_dir, family.name, config, out, init_from, policy, way)
            train_in_pool(work, tasks, workers, report)
        else:
            for task in tasks:
                run_task(prepared, task, out, partial(report, task.name), start, policy, way)
                ranks.wait()
    log = _assemble(prepared, tasks, out, start, choice)
    if policy and ranks.first:
        for task in tasks:
            drop_checkpoints(policy, checkpoint_key(prepared, start, task))
    return log


def _adding_up(total: int, progress: Progress) -> Report:
    """One progress for many trainings."""
    epochs: dict[str, int] = {}

    def report(name: str, done: int, _: int, words: str) -> None:
        epochs[name] = done
        progress(sum(epochs.values()), total, f"{name}, {words}")

    return report


def _learning_point(prepared: Prepared, ensemble: Ensemble, n_rows: int) -> LearningPoint:
    held_out = prepared.rows("calibration")
    truth = prepared.scaled_targets().take(held_out.numpy())
    predicted = replace(truth, of_axis=ensemble.predict(prepared.features.take(held_out)))
    maes = truth.each(lambda t, p: np.abs(p.mean(0) - t).mean(0, keepdims=True), predicted)
    return LearningPoint(n_rows, {t.name: float(maes.of(t).mean()) for t in truth.targets})


def _assemble(
    prepared: Prepared, tasks: list[Task], out: Path, start: Start | None, choice: Choice | None
) -> TrainingLog:
    """Join the networks to one model; the first of several processes writes it."""
    config, key, done = prepared.config, training_key(prepared, start), []
    for task in tasks:
        kept = read_member(out, task.name, key, partial(prepared.family.network, config))
        if kept is None:
            raise RuntimeError(f"{out}: {task.name} was trained, but its file is not there")
        done.append((task, *kept))
    curve = [
        _learning_point(prepared, ensemble, len(training_rows(prepared, task.share)))
        for task, ensemble, _ in done
        if task.member == 0
    ]
    members = [(ensemble, log) for task, ensemble, log in done if task.share == 1.0]
    networks = [ensemble.networks[0] for ensemble, _ in members]
    first = members[0][0]
    log = TrainingLog(
        key=key,
        device=str(choose_device(config.training.device)),
        epochs=tuple(entry for _, member_log in members for entry in member_log.epochs),
        learning_curve=tuple(sorted(curve, key=lambda point: point.rows)),
        lineage=start.lineage if start else (),
        choice=choice,
    )
    if Ranks.joined().first:
        write_model(out, Ensemble(networks, first.centre, first.scale), log)
    return log
