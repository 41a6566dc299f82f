"""Quantities that follow from the predicted ones by formula, as columns beside them.

Where a prediction and its label have such columns alike, all that calibrates, measures and answers
treats a derived quantity as a target: its interval is its own, and no two errors are taken to be
independent.
"""

from typing import Any

import numpy as np

from matops.core.data.tables import Array, Tables
from matops.core.data.target import SAMPLE_AXIS
from matops.core.family.contract import Family


def with_derived(family: Family[Any, Any], tables: Tables) -> Tables:
    """Tables on the learning scales, each sample's derived quantities behind its own columns."""
    if not family.derived:
        return tables
    physical = tables.from_scale()
    if tables.counts:
        parts = [_derive(family, physical.take(np.array([i]))) for i in range(len(tables))]
        derived = np.stack(parts, axis=-2)
    else:
        derived = _derive(family, physical)
    own = tables.of_axis.get(SAMPLE_AXIS)
    columns = derived if own is None else np.concatenate([own, derived], axis=-1)
    return Tables(family.properties, {**tables.of_axis, SAMPLE_AXIS: columns}, tables.counts)


def mean_and_spread(family: Family[Any, Any], members: Tables) -> tuple[Tables, Tables]:
    """An ensemble's answer and the members' standard deviations, with what is derived.

    What is derived of the answer follows from its means, so that all that is answered agrees.
    """
    own = members.each(lambda table: np.concatenate([table.mean(0)[None], table]))
    answers = with_derived(family, own)
    return answers.each(lambda table: table[0]), answers.each(lambda table: table[1:].std(0))


def _derive(family: Family[Any, Any], physical: Tables) -> Array:
    """Derived quantities on their scales, shape (..., n, n_derived); without n for one sample."""
    values = {}
    for target in family.targets:
        block = physical.of(target)
        lead = block.shape[:-1]
        if physical.counts and target.axis == SAMPLE_AXIS:
            lead = lead[:-1]  # the only sample
        values[target.name] = block.reshape((*lead, *target.shape))
    quantities = family.derive(values)
    return np.stack([q.to_scale(q.within(quantities[q.name])) for q in family.derived], axis=-1)
