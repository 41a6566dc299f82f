"""Ways to learn on from a start: fine-tuning, and the simple corrections that it must beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from matops.core.data.split import grouped_folds
from matops.core.data.tables import Tables
from matops.core.errors import BadInput
from matops.core.learning.checkpoint import Checkpoints
from matops.core.learning.features import PackedFeatures
from matops.core.learning.scaling import Scaling, scaling_for, standardise
from matops.core.learning.training import Answer, Ensemble, EpochLog
from matops.core.learning.transfer import WAYS, Start, Way, load_start
from matops.core.progress import Progress

FOLDS = 4
IN_WORDS: Mapping[Way, str] = {
    "start_line": "straight line on the start's answers",
    "descriptor_line": "straight line on descriptors",
    "fine_tuning": "fine-tuning",
}


class Learner(Protocol):
    """What of a family learning on takes."""

    def network(self, config: Any) -> nn.Module: ...  # noqa: D102
    def fit_line(  # noqa: D102
        self, features: PackedFeatures, standard_targets: Answer, config: Any
    ) -> nn.Module | None: ...
    def fit_member(  # noqa: D102
        self,
        features: PackedFeatures,
        standard_targets: Answer,
        config: Any,
        member: int,
        progress: Progress | None,
        start: Mapping[str, Tensor] | None,
        checkpoints: Checkpoints | None,
    ) -> tuple[nn.Module, list[EpochLog]]: ...


@dataclass(frozen=True)
class Choice:
    """The way of learning on that was taken, and why."""

    way: Way
    # by way: mean absolute error in standard deviations of the targets, over all held-out rows;
    # empty where nothing was compared
    errors: dict[Way, float]
    groups: int  # training groups

    @property
    def words(self) -> str:
        """The choice with its reason."""
        if not self.errors:
            return f"By {IN_WORDS[self.way]}, compared with nothing; {self.groups} training groups."
        errors = "; ".join(f"{IN_WORDS[way]} {error:.3f}" for way, error in self.errors.items())
        return (
            f"By {IN_WORDS[self.way]}. Mean absolute error in standard deviations of the targets, "
            f"{FOLDS} folds of the {self.groups} training groups: {errors}."
        )


@dataclass(frozen=True, eq=False)
class Lesson:
    """What one network learns from."""

    learner: Learner
    config: Any  # the family's configuration
    features: PackedFeatures
    scaled: Tables  # targets of the same samples, on the learning scale
    start: Start | None

    def take(self, rows: np.ndarray) -> "Lesson":
        """The lesson on some of its samples."""
        features = self.features.take(torch.from_numpy(rows))
        return replace(self, features=features, scaled=self.scaled.take(rows))

    def learn(
        self,
        way: Way,
        number: int,
        member: int,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> tuple[Ensemble, list[EpochLog]]:
        """One network that learnt in a way, and its log; ``number`` shifts the seed.

        The ``member`` starts from its own share of the start.

        Raises:
            BadInput: the start is of another network.
            TrainingStopped: the process was told to stop; the state is kept.
        """
        build, log = partial(self.learner.network, self.config), list[EpochLog]()
        weights = self.start.of_member(member) if self.start else None
        if way == "descriptor_line":
            scaling = standardise(self.scaled)
            network = self._line(scaling)
            if network is None:
                raise ValueError("the network takes no descriptors")
            return Ensemble([network], scaling.centre, scaling.scale), log
        scaling = scaling_for(build, self.features, self.scaled, self.start)
        if way == "start_line" and weights is not None:
            network = build()
            load_start(network, weights)
        else:
            standard = scaling.standard(self.scaled)
            network, log = self.learner.fit_member(
                self.features, standard, self.config, number, progress, weights, checkpoints
            )
        return Ensemble([network.eval()], scaling.centre, scaling.scale), log

    def _line(self, scaling: Scaling) -> nn.Module | None:
        return self.learner.fit_line(self.features, scaling.standard(self.scaled), self.config)

    def ways(self, start: Start) -> tuple[Way, ...]:
        """The ways of learning on that there are of those that are allowed, the simplest first.

        Raises:
            BadInput: there is none, or the start is of another network.
        """
        drawn = [load_start(self.learner.network(self.config), w) for w in start.weights]
        there = {
            "start_line": not any(drawn),
            "descriptor_line": self._line(standardise(self.scaled)) is not None,
            "fine_tuning": True,
        }
        allowed = self.config.training.transfer.ways
        if found := tuple(way for way in WAYS if way in allowed and there[way]):
            return found
        raise BadInput(
            f"training.transfer.ways ({', '.join(allowed)}): a line on the start's answers needs "
            "its head, and one on descriptors a network that takes them"
        )

    def error(self, way: Way, fold_of: np.ndarray) -> float:
        """Mean absolute error on the samples that a way was not fitted to."""
        errors = []
        for fold in range(FOLDS):
            ensemble, _ = self.take(np.flatnonzero(fold_of != fold)).learn(way, 0, 0)
            unseen = self.take(np.flatnonzero(fold_of == fold))
            answers = replace(unseen.scaled, of_axis=ensemble.predict(unseen.features))
            for target in unseen.scaled.targets:
                off = np.abs(answers.numbers(target) - unseen.scaled.numbers(target))
                errors.append(off.ravel() / max(float(self.scaled.numbers(target).std()), 1e-12))
        return float(np.mean(np.concatenate(errors)))


def choose_way(lesson: Lesson, groups: Sequence[str]) -> Choice | None:
    """How to learn on from a start, by cross-validation over groups of the training rows alone.

    Too few groups for that take the simplest way, more than ``compare_up_to`` the last. None
    without a start.

    Raises:
        BadInput: no way that is allowed is possible.
    """
    if lesson.start is None:
        return None
    ways, count = lesson.ways(lesson.start), len(set(groups))
    many = count > lesson.config.training.transfer.compare_up_to
    if len(ways) == 1 or many or count < 2 * FOLDS:
        return Choice(ways[-1] if many else ways[0], {}, count)
    fold_of = grouped_folds(groups, FOLDS, seed=0)
    errors = {way: lesson.error(way, fold_of) for way in ways}
    return Choice(min(errors, key=errors.__getitem__), errors, count)
