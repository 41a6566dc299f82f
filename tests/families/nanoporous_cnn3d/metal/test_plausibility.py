"""Stiffnesses that do not go with their structure are named, or refused as impossible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from matops.core.data.record import Provenance
from matops.core.data.sifting.plausibility import Doubt
from matops.families import get_family
from matops.families.nanoporous_cnn3d.data import labelled_metal
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal

Build = Callable[..., NanoporousMetal]
PUBLISHED_GPa = (5.37, 2.68, 4.85)
"""Gold at a solid fraction of 0.35, Zorkaltsev et al. (2025)."""


def doubt(sample: NanoporousMetal, *stiffness_GPa: float) -> Doubt | None:
    named = dict(zip(("C_11", "C_22", "C_33"), stiffness_GPa, strict=True))
    record = labelled_metal(sample, named, Provenance("files", "here"))
    return get_family("nanoporous_cnn3d").doubt(record)


def test_published_gold_is_not_doubted(waves: Build) -> None:
    assert doubt(waves(solid_fraction=0.35), *PUBLISHED_GPa) is None


@pytest.mark.parametrize(
    ("factor", "is_impossible", "words"),
    [
        (20, True, "stiffness above the Voigt bound: 107.4 GPa of Au"),
        (0.01, False, "mean stiffness is unusual: 0.043 GPa of Au"),  # Mbar read as GPa
        (10, False, "mean stiffness is unusual: 43 GPa of Au at a solid fraction of 0.350"),
    ],
)
def test_a_slip_of_units_is_named_with_its_numbers(
    waves: Build, factor: float, is_impossible: bool, words: str
) -> None:
    slipped = (factor * stiffness for stiffness in PUBLISHED_GPa)
    strange = doubt(waves(solid_fraction=0.35), *slipped)
    assert strange is not None
    assert strange.is_impossible is is_impossible
    assert words in strange.reason


def test_a_slip_in_one_direction_shows_beside_the_others(waves: Build) -> None:
    strange = doubt(waves(solid_fraction=0.35), 5.37, 2.68, 0.00485)
    assert strange is not None
    assert not strange.is_impossible
    assert strange.reason.startswith("directions of one structure are unusually different: 5.37")


def test_a_solid_block_has_the_stiffness_of_its_crystal(voxels: Build) -> None:
    block, C11_GPa = voxels(np.ones((8, 8, 8), dtype=bool)), METALS["Au"].C11_GPa
    assert doubt(block, C11_GPa, 1.01 * C11_GPa, C11_GPa) is None
    stiffer = doubt(block, C11_GPa, 1.03 * C11_GPa, C11_GPa)
    assert stiffer is not None
    assert stiffer.is_impossible


def test_straight_bars_reach_the_bound_and_are_only_unusual(voxels: Build) -> None:
    solid = np.zeros((8, 8, 8), dtype=bool)
    solid[:, :4] = True
    half_GPa = METALS["Au"].C11_GPa / 2
    bars = doubt(voxels(solid), half_GPa, 1.0, half_GPa)
    assert bars is not None
    assert not bars.is_impossible
