"""One trial: a network for each inner fold, stopped early where others were better by then."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from matops.artifacts.exploring.tuning import TRAININGS
from matops.core.data.target import SAMPLE_AXIS
from matops.core.family import FamilyConfig
from matops.core.learning.scaling import standardise
from matops.core.learning.training import Ensemble
from matops.core.progress import Progress
from matops.steps.exploring.tuning.search import Search
from matops.steps.exploring.tuning.watching import Watched
from matops.steps.learning.fold_training import (
    FoldTraining,
    answers_file,
    kept_features,
    read_answers,
    train_fold,
)

STEPS_A_FOLD = 4
"""Errors are compared after each quarter of a training."""

Compare = Callable[[int, float], None]
"""Called with a number of quarters and the error by then; it raises where the trial is to end."""


@dataclass
class Trial:
    """A trial under way."""

    search: Search
    compare: Compare
    errors: list[float] = field(default_factory=list)  # of the folds that are done

    def run(self, config: FamilyConfig, progress: Progress) -> float:
        """The mean error over the folds that are held out.

        Raises:
            BadInput: a network can't be trained so.
        """
        plan = self.search.plan
        features = self.search.features(config, 1, progress)
        for fold in range(plan.measured):
            training = self.search.training(config, fold, features)
            self.errors.append(self._fold_error(training, first=fold == 0))
            if fold + 1 < plan.measured:
                self.compare(STEPS_A_FOLD * len(self.errors), float(np.mean(self.errors)))
        return float(np.mean(self.errors))

    def _fold_error(self, training: FoldTraining, first: bool) -> float:
        finished = self.search.directory / TRAININGS
        if not answers_file(finished, training.key).is_file():
            finished.mkdir(exist_ok=True)
            look = _Look(self.search, training, self.compare) if first else None
            train_fold(training, finished, Watched(training.family, look) if look else None)
        answers = read_answers(finished, training.key)
        of_samples = {SAMPLE_AXIS: answers.predicted} if answers.predicted else {}
        tables = {axis: np.array(t) for axis, t in {**of_samples, **answers.ragged}.items()}
        return self.search.error(training.held_out, tables)


class _Look:
    """Measures a network on the rows that it does not see, before each new quarter."""

    def __init__(self, search: Search, training: FoldTraining, compare: Compare) -> None:
        self._search, self._compare, self._rows = search, compare, training.held_out
        self._scaling = standardise(training.truth)
        features = kept_features(training.features, tuple(training.family.pointers.items()))
        self._unseen = features.take(torch.from_numpy(training.held_out))
        # Measured on a copy: the one that learns keeps its mode, its device and its random numbers.
        self._copy = training.family.network(training.config).eval()
        self._quarters = 0

    def __call__(self, share: float, network: nn.Module) -> None:
        quarters = int(share * STEPS_A_FOLD + 1e-9)
        if quarters == self._quarters or share >= 1:
            return
        self._quarters = quarters
        self._copy.load_state_dict(network.state_dict())
        ensemble = Ensemble([self._copy], self._scaling.centre, self._scaling.scale)
        predicted = {axis: table[0] for axis, table in ensemble.predict(self._unseen).items()}
        self._compare(quarters, self._search.error(self._rows, predicted))
