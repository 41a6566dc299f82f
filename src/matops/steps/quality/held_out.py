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
from matops.core.learning.training import Ensemble
from matops.core.predictor import Predictor
from matops.core.quality.domain import DomainScore


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Samples of one part of the split with the ensemble's answers, on the learning scale."""

    records: list[Record]
    truth: Tables
    mean: Tables
    spread: Tables

    @property
    def groups(self) -> list[str]:
        """Group of each sample."""
        return [record.group for record in self.records]


def held_out(prepared: Prepared, ensemble: Ensemble, part: Part) -> HeldOut:
    """A part of the split with the ensemble's answers."""
    rows = prepared.rows(part)
    records = [prepared.records[i] for i in rows.tolist()]
    truth = prepared.scaled_targets().take(rows.numpy())
    members = replace(truth, of_axis=ensemble.predict(prepared.features.take(rows)))
    mean, spread = members.each(lambda t: t.mean(0)), members.each(lambda t: t.std(0))
    return HeldOut(records, truth, mean, spread)


def test_table(predictor: Predictor, test: HeldOut, scores: Sequence[DomainScore]) -> pd.DataFrame:
    """One row a test sample and target, in physical units, with the domain scores.

    An array has one for each of its numbers, and a column ``component`` says which: ``z``, or
    ``12 z`` of the thirteenth row.
    """
    half = predictor.conformal.half_width(test.mean, test.spread)
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
        [{"domain_score": s.score, "out_of_domain": s.is_outside} for s in scores]
    )
    parts = []
    for target in predictor.family.targets:
        sample = test.truth.sample_of(target)
        own = identity.iloc[sample].reset_index(drop=True).assign(target=target.name)
        if not target.is_scalar:
            own = own.assign(component=_components(target, sample))
        numbers = {name: tables.numbers(target) for name, tables in physical.items()}
        parts.append(own.assign(**numbers).join(domain.iloc[sample].reset_index(drop=True)))
    return pd.concat(parts, ignore_index=True)


def _components(target: Target, sample: NDArray[np.int64]) -> list[str]:
    """The name of each number of a target: its row within the sample, and its place on the row."""
    rows = sample[:: target.size]
    first = np.searchsorted(rows, rows)
    within = (np.arange(len(rows)) - first).tolist()
    lead = [""] * len(rows) if target.axis == SAMPLE_AXIS else [f"{row} " for row in within]
    return [(row + name).strip() for row in lead for name in target.components]
