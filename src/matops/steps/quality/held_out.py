"""Held-out rows with a model's answers: what measuring, judging and reporting work on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matops.artifacts.data.prepared import Prepared
from matops.core.data.record import Record
from matops.core.data.split import Part
from matops.core.data.target import targets_from_scale
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.domain import DomainScore

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """Rows of one part of the split with the ensemble's answers, on the learning scale."""

    records: list[Record]
    truth: Array
    mean: Array
    spread: Array

    @property
    def groups(self) -> list[str]:
        """Group of each row."""
        return [record.group for record in self.records]


def held_out(prepared: Prepared, ensemble: Ensemble, part: Part) -> HeldOut:
    """A part of the split with the ensemble's answers."""
    rows = prepared.rows(part)
    members = ensemble.predict(prepared.features.take(rows))
    records = [prepared.records[i] for i in rows.tolist()]
    truth = prepared.scaled_targets()[rows.numpy()]
    return HeldOut(records, truth, members.mean(0), members.std(0))


def test_table(predictor: Predictor, test: HeldOut, scores: Sequence[DomainScore]) -> pd.DataFrame:
    """One row a test sample and target, in physical units, with the domain scores."""
    targets, half = predictor.family.targets, predictor.conformal.half_width(test.spread)
    physical = {
        "truth": targets_from_scale(targets, test.truth),
        "predicted": targets_from_scale(targets, test.mean),
        "lower": targets_from_scale(targets, test.mean - half),
        "upper": targets_from_scale(targets, test.mean + half),
    }
    identity = {"id": [record.id for record in test.records], "group": test.groups}
    domain = pd.DataFrame(
        {
            "domain_score": [score.score for score in scores],
            "out_of_domain": [score.is_outside for score in scores],
        }
    )
    tables = [
        pd.DataFrame(identity)
        .assign(target=target.name, **{name: values[:, i] for name, values in physical.items()})
        .join(domain)
        for i, target in enumerate(targets)
    ]
    return pd.concat(tables, ignore_index=True)
