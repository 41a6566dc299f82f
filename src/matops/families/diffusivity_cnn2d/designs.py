"""Designs for screening: structures not labelled yet, judged by porosity and diffusivity."""

from dataclasses import replace
from typing import Any

import numpy as np

from matops.core.data.record import Payload
from matops.core.exploring.screening import Cost, Merit, Objectives
from matops.families.diffusivity_cnn2d.config import DiffusivityConfig
from matops.families.diffusivity_cnn2d.images.pore_image import parse_image, write_payload
from matops.families.diffusivity_cnn2d.simulation import draw_design
from matops.simulators.porous_media.structures import make_structure

SCREENING = 1
"""Keeps the random numbers of screenings apart from those of campaigns."""


def _porosity(payload: Payload) -> float:
    return float(parse_image(payload).pores.mean())


OBJECTIVES = Objectives(
    cost=Cost("porosity", "1", "porosity: what the solid has not", _porosity),
    merits=(
        Merit("mean_D", "1", "mean De/D0", lambda values: np.asarray(values.mean(axis=1))),
        Merit(
            "least_D",
            "1",
            "De/D0 along the worse axis",
            lambda values: np.asarray(values.min(axis=1)),
        ),
    ),
    settings=("simulation",),
)


def make_design(index: int, seed: int, config: DiffusivityConfig) -> dict[str, Any]:
    """A structure as the simulation draws them, but one that no campaign has drawn."""
    return write_payload(make_structure(draw_design(config.simulation, index, [SCREENING, seed])))


def design_key(config: DiffusivityConfig) -> object:
    """All of the section ``simulation`` but how many a campaign has."""
    return replace(config.simulation, count=0)
