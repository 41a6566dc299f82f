"""From requests to predictions: the one path that evaluation, golden requests and servers share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.core.data.record import Payload
from matops.core.data.target import targets_from_scale
from matops.core.family import Family, FamilyConfig
from matops.core.learning.training import Ensemble
from matops.core.quality.domain import Domain, DomainScore
from matops.core.quality.prediction import Estimate, Prediction
from matops.core.quality.uncertainty import Conformal

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """A released model: family, weights, calibration and domain together."""

    family: Family
    config: FamilyConfig
    ensemble: Ensemble
    conformal: Conformal
    domain: Domain
    model_version: str
    dataset_version: str

    def scaled(self, payloads: Sequence[Payload]) -> Array:
        """Ensemble means on the learning scale, shape (n, n_targets).

        Raises:
            BadInput: a payload is not a valid sample.
        """
        samples = [self.family.parse(payload) for payload in payloads]
        return np.asarray(self._members(samples).mean(0))

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """Answer requests, in order.

        Raises:
            BadInput: a payload is not a valid sample.
        """
        return self.answer([self.family.parse(payload) for payload in payloads])

    def answer(self, samples: Sequence[Any]) -> list[Prediction]:
        """Predictions for parsed samples, in order.

        Raises:
            BadInput: a sample shows only now that it is not valid, as where atoms overlap.
        """
        members = self._members(samples)
        mean, spread = members.mean(0), members.std(0)
        half = self.conformal.half_width(spread)
        values, lower, upper = (
            targets_from_scale(self.family.targets, scaled)
            for scaled in (mean, mean - half, mean + half)
        )
        scores = self.domain.assess(self.family.describe(samples))
        return [self._answer(*row) for row in zip(values, lower, upper, scores, strict=True)]

    def _members(self, samples: Sequence[Any]) -> Array:
        """Every member's answer on the learning scale, shape (members, n, n_targets)."""
        return self.ensemble.predict(self.family.featurize(samples, self.config))

    def _answer(self, values: Array, lower: Array, upper: Array, score: DomainScore) -> Prediction:
        estimates = {
            target.name: Estimate(float(values[i]), target.unit, float(lower[i]), float(upper[i]))
            for i, target in enumerate(self.family.targets)
        }
        return Prediction(
            estimates=estimates,
            derived=self.family.derive({name: e.value for name, e in estimates.items()}),
            coverage=self.conformal.coverage,
            out_of_domain=score.is_outside,
            domain_score=score.score,
            unseen=score.unseen,
            model_version=self.model_version,
            dataset_version=self.dataset_version,
        )
