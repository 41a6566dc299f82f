"""Right and broken models of atoms in a trap, for its gates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from matops.core.data.tables import Tables
from matops.testing import Break, JudgedModel, Lawful
from tests.support.trapped_atoms import TARGETS, Trapped, trapped_records, true_values


def answer(samples: Sequence[Trapped]) -> Tables:
    """Hooke's energy, dipole and forces."""
    values = [true_values(sample.positions_A) for sample in samples]
    of_sample = np.array([[v["energy"], *v["dipole"]] for v in values])
    counts = {"atom": np.array([len(sample.positions_A) for sample in samples])}
    forces = np.concatenate([v["forces"] for v in values])
    return Tables(TARGETS, {"sample": of_sample, "atom": forces}, counts)


def half_forces(model: JudgedModel) -> JudgedModel:
    """Forces that are not the derivative of the energy."""

    def halved(samples: Sequence[Trapped]) -> Tables:
        right = model.answer(samples)
        return replace(right, of_axis={**right.of_axis, "atom": right["atom"] / 2})

    return replace(model, answer=halved)


LAWFUL = Lawful([record.payload for record in trapped_records(8)], JudgedModel(answer))
BREAKS: dict[str, Break] = {"forces are no derivative": half_forces}
