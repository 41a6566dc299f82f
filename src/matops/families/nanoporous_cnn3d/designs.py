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

SCREENING = 1
"""Keeps the random numbers of screenings apart from those of campaigns."""


OBJECTIVES = Objectives(
    cost=Cost("solid_fraction", "1", "solid fraction", lambda p: parse_metal(p).solid_fraction),
    merits=(
        Merit("mean_C_ii", "GPa", "mean stiffness", lambda C_ii: np.asarray(C_ii.mean(axis=1))),
        Merit(
            "least_C_ii",
            "GPa",
            "stiffness along the softest axis",
            lambda C_ii: np.asarray(C_ii.min(axis=1)),
        ),
    ),
    settings=("simulation",),
)


def make_design(index: int, seed: int, config: NanoporousConfig) -> dict[str, Any]:
    """A structure as the simulation draws them, but one that no campaign has drawn."""
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
