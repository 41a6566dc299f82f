"""Right and broken models of images of discs, for their gates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from disc_images.data import TARGETS, Discs, encode, random_discs
from disc_images.physics import effective_diffusivity_m2_s, forces_eV_A, tortuosity

from matops.core.data.tables import Tables
from matops.testing import Break, JudgedModel, Lawful


def answer(samples: Sequence[Discs]) -> Tables:
    """Maxwell's transport around the discs, and their repulsion."""
    solid = np.array([sample.solid_fraction for sample in samples])
    transport = np.stack([tortuosity(solid), effective_diffusivity_m2_s(solid)], axis=1)
    forces = np.concatenate([forces_eV_A(sample.centres_A) for sample in samples])
    counts = {"atom": np.array([len(sample.centres_A) for sample in samples])}
    return Tables(TARGETS, {"sample": transport, "atom": forces}, counts).to_scale()


def pulled_downwards(model: JudgedModel) -> JudgedModel:
    """Forces that don't cancel, and don't turn with the image."""

    def pulled(samples: Sequence[Discs]) -> Tables:
        right = model.answer(samples)
        return replace(right, of_axis={**right.of_axis, "atom": right["atom"] + [0.0, 0.5]})

    return replace(model, answer=pulled)


RNG = np.random.default_rng(0)
LAWFUL = Lawful([encode(random_discs(RNG, 6, 4.0, 7.0)) for _ in range(6)], JudgedModel(answer))
BREAKS: dict[str, Break] = {"pulled downwards": pulled_downwards}
