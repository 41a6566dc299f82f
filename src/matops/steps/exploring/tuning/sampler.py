"""What is suggested to a trial: it follows from seed, number and finished trials, nothing else.

A search that was killed therefore goes on as if it had not been.
"""

import hashlib
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, cast

from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

FIRST_RUNG = 2
"""Quarters of the first fold's training after which trials are compared for the first time."""
KEPT_SHARE = 2
"""One of so many goes on at each comparison."""
RUNGS = 20
"""More comparisons than any trial has."""


class NumberedSampler(BaseSampler):
    """The tree-structured Parzen estimator of all fields together, seeded anew for each trial.

    Source: Bergstra et al., NeurIPS 24 (2011); multivariate: Falkner, Klein and Hutter, ICML 80
    (2018).
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def _estimator(self, trial: FrozenTrial, *names: str) -> TPESampler:
        inputs = "\x1f".join([str(self._seed), str(trial.number), *names])
        seed = int.from_bytes(hashlib.sha256(inputs.encode()).digest()[:4], "big")
        return TPESampler(seed=seed, multivariate=True, constant_liar=True)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The fields that are suggested together."""
        return self._estimator(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values of these fields."""
        return self._estimator(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The value of one field; a seed of its own, so that none depends on those before it."""
        estimator = self._estimator(trial, param_name)
        return estimator.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Nothing: no state is kept."""


class HalvingPruner(BasePruner):
    """Asynchronous successive halving, whose last decision on a trial can be taken again.

    The library's notes a trial's error before it decides. Where a process is killed between the two
    the note must not stand for the decision, nor count as one more competitor.

    Source: Li et al., MLSys 2 (2020).
    """

    def __init__(self) -> None:
        self._halving = SuccessiveHalvingPruner(FIRST_RUNG, reduction_factor=KEPT_SHARE)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether a trial is to be stopped where it is."""
        again, last = copy(trial), trial.last_step or 0
        undecided = {f"completed_rung_{n}" for n in range(RUNGS) if _step_of(n) >= last}
        again.system_attrs = {k: v for k, v in trial.system_attrs.items() if k not in undecided}
        return self._halving.prune(cast(Study, _Others(study, trial.number)), again)


def _step_of(rung: int) -> int:
    return int(FIRST_RUNG * KEPT_SHARE**rung)


@dataclass(frozen=True)
class _Others:
    """A study without one of its trials."""

    study: Study
    number: int

    def get_trials(self, deepcopy: bool = True) -> list[FrozenTrial]:
        trials = self.study.get_trials(deepcopy=deepcopy)
        return [trial for trial in trials if trial.number != self.number]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.study, name)


def pruner(prune: bool) -> BasePruner:
    """What stops trials that fall behind, or nothing."""
    return HalvingPruner() if prune else NopPruner()
