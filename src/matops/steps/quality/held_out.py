"""Held-out rows with a model's answers: what measuring, judging and reporting work on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matops.artifacts.data.prepared import Prepared
from matops.core.data.record import Record
from matops.core.data.split import Part
from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.family.derived import mean_and_spread, with_derived
from matops.core.learning.training import Ensemble
from matops.core.quality.domain import DomainScore
from matops.core.quality.uncertainty import Conformal


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Samples of one part of the split with the ensemble's answers, on the learning scale.

    The tables have the targets and, behind them, what is derived of them.
    """

    records: list[Record]
    truth: Tables
    mean: Tables
    spread: Tables
    # of the samples; none where nobody asked, and all count as inside
    scores: Sequence[DomainScore] = ()

    @property
    def groups(self) -> list[str]:
        """Group of each sample."""
        return [record.group for record in self.records]

    def is_inside(self, target: Target) -> NDArray[np.bool_]:
        """Which of a target's numbers are of samples that have intervals."""
        sample = self.truth.sample_of(target)
        outside = [score.is_outside for score in self.scores] or np.zeros(len(self.truth), bool)
        return ~np.asarray(outside, dtype=bool)[sample]


def held_out(prepared: Prepared, ensemble: Ensemble, part: Part) -> HeldOut:
    """A part of the split with the ensemble's answers."""
    rows = prepared.rows(part)
    records = [prepared.records[i] for i in rows.tolist()]
    truth = prepared.scaled_targets().take(rows.numpy())
    members = replace(truth, of_axis=ensemble.predict(prepared.features.take(rows)))
    family = prepared.family
    return HeldOut(records, with_derived(family, truth), *mean_and_spread(family, members))


def test_table(conformal: Conformal, test: HeldOut) -> pd.DataFrame:
    """One row a test sample and property, in physical units, with the domain scores.

    Out of domain there is no interval. An array has one row for each of its numbers, and a column
    ``component`` says which: ``z``, or ``12 z`` of the thirteenth row.
    """
    half = conformal.half_width(test.mean, test.spread)
    scaled = {
        "truth": test.truth,
        "predicted": test.mean,
        "lower": test.mean.each(np.subtract, half),
        "upper": test.mean.each(np.add, half),
    }
    physical = {name: tables.from_scale() for name, tables in scaled.items()}
    physical |= {end: physical[end].each_target(Target.within) for end in ("lower", "upper")}
    records = test.records
    identity = pd.DataFrame({"id": [record.id for record in records], "group": test.groups})
    identity["source"] = [record.provenance.source for record in records]
    identity["origin"] = [record.provenance.origin for record in records]
    domain = pd.DataFrame(
        [{"domain_score": s.score, "out_of_domain": s.is_outside} for s in test.scores]
    )
    parts = []
    for target in test.truth.targets:
        sample = test.truth.sample_of(target)
        own = identity.iloc[sample].reset_index(drop=True).assign(target=target.name)
        if not target.is_scalar:
            own = own.assign(component=_components(target, sample))
        numbers = {name: tables.numbers(target) for name, tables in physical.items()}
        own = own.assign(**numbers).join(domain.iloc[sample].reset_index(drop=True))
        own.loc[own["out_of_domain"], ["lower", "upper"]] = np.nan
        parts.append(own)
    return pd.concat(parts, ignore_index=True)


def _components(target: Target, sample: NDArray[np.int64]) -> list[str]:
    """The name of each number of a target: its row within the sample, and its place on the row."""
    rows = sample[:: target.size]
    first = np.searchsorted(rows, rows)
    within = (np.arange(len(rows)) - first).tolist()
    lead = [""] * len(rows) if target.axis == SAMPLE_AXIS else [f"{row} " for row in within]
    return [(row + name).strip() for row in lead for name in target.components]
