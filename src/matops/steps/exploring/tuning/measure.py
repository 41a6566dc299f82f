"""The preset and the best of a search on samples of which the search has seen nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.artifacts.configuration import change_fields
from matops.core.data.split import OwnSplit
from matops.core.data.tables import Tables
from matops.core.exploring.study import Variant
from matops.core.exploring.tuning import BEST, DEFAULT, UNIT, Gain
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import paired_difference, ratio_of_sums, with_interval
from matops.steps.exploring.study import measure_variant
from matops.steps.exploring.tuning.search import Search
from matops.steps.learning.cross_validation import HeldOutAnswers, Workplace, cross_validate
from matops.steps.learning.fold_plan import Case, Folds


def measure_gain(search: Search, best: Mapping[str, Any], workplace: Workplace) -> Gain:
    """Train preset and best on all rows that the search has seen, and ask both of the others.

    Each is an ensemble of as many members as the preset has.
    """
    samples, members = search.samples, search.base.training.members
    tuned = change_fields(search.base, {**best, "training.members": members}, "configuration")
    cases = [Case(Variant(DEFAULT), search.base), Case(Variant(BEST), tuned)]
    answers = cross_validate(samples, cases, _outer_fold(search), workplace)
    outer = np.flatnonzero(np.isin(samples.ids, search.plan.held_out))
    errors = [_errors(search, outer, each) for each in answers]
    _, groups = np.unique(samples.groups[outer], return_inverse=True)
    one = np.ones(len(outer))
    absolute = [with_interval(UNIT, [error, one], groups, ratio_of_sums) for error in errors]
    measured = zip((DEFAULT, BEST), answers, strict=True)
    return Gain(
        default=absolute[0],
        best=absolute[1],
        difference=paired_difference(UNIT, errors[1], errors[0], groups),
        mae={name: _maes(search, each) for name, each in measured},
    )


def _maes(search: Search, answers: HeldOutAnswers) -> dict[str, Measurement]:
    errors = measure_variant(search.samples, answers)
    return {target: metrics["mae"] for target, metrics in errors.items()}


def _outer_fold(search: Search) -> Folds:
    """The outer samples as the one fold that is held out; the others train."""
    held_out = set(search.plan.held_out)
    places = {identity: int(identity not in held_out) for identity in search.samples.ids.tolist()}
    own = OwnSplit("the split", "", "id", {}, places)
    return Folds(2, search.plan.seed, measured=1, own=own)


def _errors(
    search: Search, rows: NDArray[np.int64], answers: HeldOutAnswers
) -> NDArray[np.float64]:
    """Each sample's error: the mean over its targets of its mean absolute error, standardised."""
    mean = answers.predicted.each(lambda table: table.mean(1)[0]).take(rows)
    misfits, by_target = search.misfits(rows, mean.of_axis), []
    truth: Tables = search.samples.scaled.take(rows)
    for target in truth.targets:
        sample = truth.sample_of(target)
        sums = np.bincount(sample, misfits[target.name], minlength=len(rows))
        by_target.append(sums / np.bincount(sample, minlength=len(rows)))
    return np.asarray(np.mean(by_target, axis=0))
