"""Cross-validation grouped by sample group: many networks, many processes, nothing done twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS
from matops.core.learning.training import choose_device
from matops.core.progress import Progress
from matops.processes.workers import run_all
from matops.steps.learning.features import features_file, keep_features
from matops.steps.learning.fold_plan import Case, Folds, Plan, deal_folds, plan_case
from matops.steps.learning.fold_training import answers_file, read_answers, train_fold
from matops.steps.learning.samples import Samples


@dataclass(frozen=True)
class Workplace:
    """Where a cross-validation works, with how many processes, and whom it tells."""

    cache: Path  # directory that keeps features
    finished: Path  # directory that keeps the answers of finished trainings
    workers: int  # processes on a CPU; a GPU trains one network after the other
    report: Callable[[str], Progress]  # gives the progress of a stage by its name


@dataclass(frozen=True, eq=False)
class HeldOutAnswers:
    """Answers of a case to every sample, each from networks that had not seen its group."""

    # on the learning scale, tables of shape (draws, members, rows, columns); NaN where a sample's
    # fold was not held out
    predicted: Tables
    train_groups: int  # groups that trained, median over the folds
    weights: int  # trainable numbers of one network
    seconds_per_member: float  # median over the trainings, s
    seconds_per_epoch: float | None  # the same for an epoch, s; None where the fit has none


def _train_missing(plans: Sequence[Plan], workplace: Workplace) -> None:
    """Train what is not finished yet; two cases that say the same are trained once."""
    workplace.finished.mkdir(parents=True, exist_ok=True)
    wanted = {training.key: training for plan in plans for _, training in plan}
    missing = [t for t in wanted.values() if not answers_file(workplace.finished, t.key).is_file()]
    on_gpu = any(choose_device(t.config.training.device).type != "cpu" for t in missing)
    progress, kept = workplace.report("train"), len(wanted) - len(missing)
    progress(kept, len(wanted), f"{kept} networks kept from before")
    calls = [(training, workplace.finished) for training in missing]
    finished = run_all(train_fold, calls, 1 if on_gpu else workplace.workers)
    for done, _ in enumerate(finished, start=kept + 1):
        progress(done, len(wanted), "networks")


def _assemble(samples: Samples, case: Case, plan: Plan, finished: Path) -> HeldOutAnswers:
    first = (case.draws, case.config.training.members)
    predicted = samples.scaled.each(lambda table: np.full((*first, *table.shape), np.nan))
    all_answers = []
    for place, training in plan:
        answers = read_answers(finished, training.key)
        for axis, table in predicted.of_axis.items():
            own = answers.predicted if axis == SAMPLE_AXIS else answers.ragged[axis]
            rows = samples.scaled.rows(axis, training.held_out)
            table[place.draw, place.member, rows] = own
        all_answers.append(answers)
    epochs = [a.seconds_per_epoch for a in all_answers if a.seconds_per_epoch is not None]
    return HeldOutAnswers(
        predicted=predicted,
        train_groups=int(np.median([place.train_groups for place, _ in plan])),
        weights=all_answers[0].weights,
        seconds_per_member=float(np.median([a.seconds for a in all_answers])),
        seconds_per_epoch=float(np.median(epochs)) if epochs else None,
    )


def cross_validate(
    samples: Samples, cases: Sequence[Case], folds: Folds, workplace: Workplace
) -> list[HeldOutAnswers]:
    """Train every case on every fold, and have it predict the groups it has not seen.

    No row of a fold takes part in its training, nor in any choice: the schedule is fixed. What an
    earlier call finished is taken from ``workplace.finished``.

    Raises:
        BadInput: more folds than groups, or a case wants more training groups than a fold has.
    """
    fold_of, family, records = deal_folds(samples, folds), samples.family, samples.records
    plans, cache, workers = [], workplace.cache, workplace.workers
    for case in cases:
        path = features_file(cache, family, records, case.config)
        plans.append(plan_case(samples, case, folds, fold_of, path))
    # Planned first: a case that can't be is refused before anything expensive is done.
    progress = workplace.report("features")
    for case in cases:
        keep_features(family, records, case.config, cache, workers, progress)
    _train_missing(plans, workplace)
    pairs = zip(cases, plans, strict=True)
    return [_assemble(samples, case, plan, workplace.finished) for case, plan in pairs]
