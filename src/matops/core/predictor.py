"""From requests to predictions: the one path that evaluation, golden requests and servers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from matops.core.data.record import Payload
from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.family import Family, FamilyConfig
from matops.core.family.derived import mean_and_spread
from matops.core.pauses import Pauses, without_pauses
from matops.core.quality.domain import Domain
from matops.core.quality.prediction import Estimate, Prediction
from matops.core.quality.uncertainty import Conformal

if TYPE_CHECKING:
    from matops.core.learning.features import PackedFeatures
    from matops.core.learning.training import Ensemble

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

    def means(self, payloads: Sequence[Payload]) -> Tables:
        """Ensemble means on the learning scale.

        Raises:
            BadInput: a payload is not a valid sample.
        """
        samples = [self.family.parse(payload) for payload in payloads]
        features = self.family.featurize(samples, self.config)
        members = without_pauses(self._members(samples, features))
        return members.each(lambda table: table.mean(0))

    def scaled(self, payloads: Sequence[Payload], axis: str = SAMPLE_AXIS) -> Array:
        """Those of an axis, shape (rows, columns): (n, n_targets) where all are scalars."""
        return self.means(payloads)[axis]

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
        return without_pauses(self.answering(samples))

    def answering(self, samples: Sequence[Any]) -> Pauses[list[Prediction]]:
        """The same in steps, the longest of which is one member's pass or the features'.

        Raises:
            BadInput: as above.
        """
        features = self.family.featurize(samples, self.config)
        yield
        members = yield from self._members(samples, features)
        mean, spread = mean_and_spread(self.family, members)
        half = self.conformal.half_width(mean, spread)
        physical = mean.each(lambda m, h: np.stack([m, m - h, m + h]), half).from_scale()
        ends = physical.each(lambda table: table[1:]).each_target(Target.within)
        parts = [physical.each(lambda table: table[0]), *(ends.each(itemgetter(i)) for i in (0, 1))]
        scores = self.domain.assess(self.family.describe(samples, features))
        estimates: list[dict[str, Estimate]] = [{} for _ in samples]
        for target in mean.targets:
            values = zip(*(tables.values(target) for tables in parts), strict=True)
            for own, score, (value, *interval) in zip(estimates, scores, values, strict=True):
                lower, upper = (None, None) if score.is_outside else interval
                own[target.name] = Estimate(value, target.unit, lower, upper)
        family = self.family
        return [
            Prediction(
                estimates={target.name: own[target.name] for target in family.targets},
                derived={target.name: own[target.name] for target in family.derived},
                coverage=None if score.is_outside else self.conformal.coverage,
                out_of_domain=score.is_outside,
                domain_score=score.score,
                unseen=score.unseen,
                model_version=self.model_version,
                dataset_version=self.dataset_version,
            )
            for own, score in zip(estimates, scores, strict=True)
        ]

    def _members(self, samples: Sequence[Any], features: PackedFeatures) -> Pauses[Tables]:
        """Every member's answer on the learning scale, each table (members, rows, columns)."""
        answers = yield from self.ensemble.predicting(features)
        return Tables(self.family.targets, answers, features.rows)
