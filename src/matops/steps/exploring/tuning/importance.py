"""Which fields of a space the error depends on."""

from collections.abc import Mapping, Sequence

import optuna

from matops.core.exploring.space import SearchSpace
from matops.core.exploring.tuning import TrialRecord
from matops.steps.exploring.tuning.sampler import FIRST_RUNG
from matops.steps.exploring.tuning.trials import distributions_of, stored

LEAST_TRIALS = 8
"""Of fewer a forest of trees says nothing."""


def comparable(trials: Sequence[TrialRecord]) -> dict[int, float]:
    """Errors that were measured after the same number of quarters, by trial.

    Those that were stopped have none at the end, so all are taken where they were compared first;
    the finished ones at the end where none was stopped.
    """
    if any(trial.became == "stopped" for trial in trials):
        return {t.number: t.compared[FIRST_RUNG] for t in trials if FIRST_RUNG in t.compared}
    return {trial.number: trial.error for trial in trials if trial.error is not None}


def importance_of(trials: Sequence[TrialRecord], space: SearchSpace) -> Mapping[str, float]:
    """Shares of the variance of the error that fields explain; empty where trials are few.

    Source: functional analysis of variance on a random forest, Hutter, Hoos and Leyton-Brown,
    ICML 31 (2014).
    """
    errors, distributions = comparable(trials), distributions_of(space)
    if len(errors) < LEAST_TRIALS or len(set(errors.values())) < 2:
        return {}
    study = optuna.create_study()
    for trial in trials:
        if trial.number in errors:
            params, error = stored(space, trial.values), errors[trial.number]
            study.add_trial(
                optuna.trial.create_trial(params=params, distributions=distributions, value=error)
            )
    forest = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(study, evaluator=forest)
    return {path: float(share) for path, share in found.items()}
