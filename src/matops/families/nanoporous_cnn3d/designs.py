"""Designs for screening: structures not simulated yet, judged by weight and stiffness."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from matops.core.data.record import Payload
from matops.core.exploring.screening import Cost, Merit, Objectives
from matops.core.family import Incoming
from matops.core.progress import Progress
from matops.families.nanoporous_cnn3d.config import NanoporousConfig
from matops.families.nanoporous_cnn3d.metal.payloads import group_of, parse_metal, write_payload
from matops.families.nanoporous_cnn3d.simulation import draw_metal, label_metals
from matops.physics.arrays import FloatArray

SCREENING = 1
"""Keeps the random numbers of screenings apart from those of campaigns."""


def solid_fraction(payload: Payload) -> float:
    """Share of the cell that is solid."""
    return parse_metal(payload).solid_fraction


def mean_stiffness_GPa(stiffness_GPa: FloatArray) -> FloatArray:
    """Mean over the three axes of stiffnesses, shape (n, 3)."""
    return np.asarray(stiffness_GPa.mean(axis=1))


def least_stiffness_GPa(stiffness_GPa: FloatArray) -> FloatArray:
    """Stiffness along the softest axis, from stiffnesses of shape (n, 3)."""
    return np.asarray(stiffness_GPa.min(axis=1))


OBJECTIVES = Objectives(
    cost=Cost("solid_fraction", "1", "solid fraction", solid_fraction),
    merits=(
        Merit("mean_C_ii", "GPa", "mean stiffness", mean_stiffness_GPa),
        Merit("least_C_ii", "GPa", "stiffness along the softest axis", least_stiffness_GPa),
    ),
    settings=("simulation",),
)


def make_design(index: int, seed: int, config: NanoporousConfig) -> dict[str, Any]:
    """Payload of design number ``index``: a structure as the simulation draws them.

    Its random numbers are those of no campaign, so that a screening meets new structures.
    """
    return write_payload(draw_metal(config.simulation, index, [SCREENING, seed]))


def design_key(config: NanoporousConfig) -> object:
    """All of the section ``simulation`` but how designs are confirmed."""
    return replace(config.simulation, engine="molecular_dynamics", count=0)


def confirm_designs(
    payloads: Sequence[Payload],
    config: NanoporousConfig,
    work_dir: Path,
    workers: int,
    progress: Progress,
) -> Incoming:
    """The designs, simulated with the configured engine; one record or refusal for each."""
    samples = [parse_metal(payload) for payload in payloads]
    names = [f"design {group_of(sample)}" for sample in samples]
    return label_metals(samples, names, config.simulation.engine, work_dir, workers, progress)
