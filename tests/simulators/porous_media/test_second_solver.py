"""Finite volumes beside a lattice Boltzmann solver that shares nothing with them."""

from __future__ import annotations

import numpy as np
import pytest

from matops.simulators.porous_media.connectivity import spanning_pores
from matops.simulators.porous_media.diffusion import effective_diffusivity
from matops.simulators.porous_media.structures import StructureDesign, make_structure
from tests.support.lattice_boltzmann import lattice_boltzmann_diffusivity


@pytest.mark.parametrize("relaxation", [0.7, 1.0, 1.5])
def test_open_image_and_channel_are_exact(relaxation: float) -> None:
    pores = np.ones((12, 16), dtype=bool)
    assert lattice_boltzmann_diffusivity(pores, relaxation) == pytest.approx(1.0)
    pores[9:] = False
    assert lattice_boltzmann_diffusivity(pores, relaxation) == pytest.approx(0.75)


@pytest.mark.parametrize("kind", ["quartet", "discs", "squares", "gaussian"])
def test_both_say_the_same_of_random_structures(kind: str) -> None:
    compared = 0
    for seed in range(6):
        design = StructureDesign(kind, (32, 32), 0.55 + 0.05 * seed, 3.0, seed=(seed,))  # type: ignore[arg-type]
        pores = spanning_pores(make_structure(design), 1)
        ours = effective_diffusivity(pores, 1).relative_diffusivity
        if ours:
            compared += 1
            assert lattice_boltzmann_diffusivity(pores) == pytest.approx(ours, rel=1e-6)
    assert compared >= 3
