"""Surfaces by molecular statics: known energies and stresses, symmetries, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.physics.plane_tensors import PolarInvariants, polar_invariants
from matops.simulators.lammps.library import SHIPPED, find_potential
from matops.simulators.lammps.outcome import Rejected, RejectionReason
from matops.simulators.lammps.settings import SlabSettings
from matops.simulators.lammps.surfaces.lattice import Miller
from matops.simulators.lammps.surfaces.slab import SurfaceResult, compute_surface

ENERGIES_J_PER_M2 = {  # (100) unrelaxed and relaxed, (110), (111)
    "Cu": (1.2910, 1.2878, 1.4122, 1.1807),
    "Ni": (1.5705, 1.5703, 1.7187, 1.4359),
    "Au": (0.9763, 0.9150, 0.9769, 0.7857),
}
STRESSES_J_PER_M2 = {
    "Cu": (1.396, 0.863),
    "Ni": (1.320, 0.452),
    "Au": (1.572, 1.760),
}  # (100), (111)
"""Calculated once by other code with the same potentials, at fixed lattice constant."""


def surface(metal: str, hkl: Miller, settings: SlabSettings | None = None) -> SurfaceResult:
    outcome = compute_surface(metal, hkl, None, settings)
    assert isinstance(outcome, SurfaceResult), outcome
    return outcome


def invariants(result: SurfaceResult) -> PolarInvariants:
    return polar_invariants(result.stress_J_per_m2, result.stiffness_J_per_m2)


def refusal(metal: str, hkl: Miller, **settings: float) -> Rejected:
    outcome = compute_surface(metal, hkl, None, replace(SlabSettings(), **settings))
    assert isinstance(outcome, Rejected)
    return outcome


@pytest.mark.parametrize("metal", ENERGIES_J_PER_M2)
def test_energies_and_stresses_of_low_index_surfaces_are_the_known_ones(metal: str) -> None:
    cube, edge, close = (surface(metal, hkl) for hkl in ((1, 0, 0), (1, 1, 0), (1, 1, 1)))
    energies = (
        cube.unrelaxed_energy_J_per_m2,
        cube.energy_J_per_m2,
        edge.energy_J_per_m2,
        close.energy_J_per_m2,
    )
    assert energies == pytest.approx(ENERGIES_J_PER_M2[metal], rel=0.002)
    stresses = (invariants(cube).T, invariants(close).T)
    assert stresses == pytest.approx(STRESSES_J_PER_M2[metal], rel=0.005)


def test_aluminium_by_its_own_potential_has_the_known_surface() -> None:
    outcome = compute_surface("Al", (1, 0, 0), find_potential(SHIPPED["Al"]))
    assert isinstance(outcome, SurfaceResult)
    assert outcome.energy_J_per_m2 == pytest.approx(0.9690, rel=0.002)
    assert pytest.approx(0.9146, rel=0.005) == invariants(outcome).T


def test_four_fold_and_three_fold_axes_leave_what_they_must() -> None:
    cube, close = invariants(surface("Cu", (1, 0, 0))), invariants(surface("Cu", (1, 1, 1)))
    assert abs(np.array([cube.R, cube.R1])).max() < 1e-4
    assert cube.R0 > 1.0
    assert close.R < 1e-4
    assert max(close.R0, close.R1) < 0.01


def test_a_mirror_of_the_surface_keeps_shear_apart_from_stretch() -> None:
    """The axes 1 and 2 lie in and across the mirrors of (110)."""
    result = surface("Ni", (1, 1, 0))
    assert abs(result.stress_J_per_m2[0, 1]) < 1e-4
    assert np.abs(result.stiffness_J_per_m2[:2, 2]).max() < 1e-3
    assert invariants(result).R > 0.1


def test_equivalent_surfaces_have_the_same_invariants() -> None:
    one, other = surface("Cu", (3, 2, 1)), surface("Cu", (-1, 3, 2))
    assert other.energy_J_per_m2 == pytest.approx(one.energy_J_per_m2, rel=1e-6)
    pairs = zip(vars(invariants(one)).values(), vars(invariants(other)).values(), strict=True)
    assert all(a == pytest.approx(b, abs=1e-3) for a, b in pairs)


@pytest.mark.parametrize("hkl", [(1, 1, 0), (3, 2, 1)], ids=str)
def test_stress_is_the_slope_of_the_energy(hkl: Miller) -> None:
    """Shuttleworth's relation, for each area of the unstrained face."""
    assert surface("Cu", hkl).shuttleworth_J_per_m2 < 1e-4


def test_a_thicker_slab_has_the_same_surface() -> None:
    for hkl in ((1, 1, 0), (5, 4, 3)):
        thin, thick = surface("Ni", hkl), surface("Ni", hkl, SlabSettings(thickness_A=80.0))
        assert thick.layers > 1.5 * thin.layers
        assert thick.energy_J_per_m2 == pytest.approx(thin.energy_J_per_m2, rel=1e-4)
        assert thick.stiffness_J_per_m2 == pytest.approx(thin.stiffness_J_per_m2, abs=0.02)


def test_half_the_strain_gives_the_same_stiffness() -> None:
    rest = surface("Ni", (8, 5, 2)).stiffness_J_per_m2
    halved = surface("Ni", (8, 5, 2), SlabSettings(strain=5e-4)).stiffness_J_per_m2
    assert halved == pytest.approx(rest, abs=0.01)


def test_a_surface_that_leaves_its_lattice_is_refused() -> None:
    assert (
        refusal("Au", (3, 2, 1), displacement_limit=0.05).reason == RejectionReason.LEFT_PROTOTYPE
    )


def test_a_slab_that_is_too_thin_is_refused() -> None:
    thin = refusal("Au", (9, 1, 0), thickness_A=12.0, thickness_periods=0.1)
    assert thin.reason == RejectionReason.NOT_CONVERGED
    assert "middle" in thin.detail


def test_forces_that_are_left_are_refused() -> None:
    assert refusal("Au", (3, 2, 1), minimiser_steps=2).reason == RejectionReason.NOT_CONVERGED


def test_limits_of_the_derivatives_refuse() -> None:
    assert refusal("Cu", (1, 1, 0), nonlinearity_limit=1e-6).reason == RejectionReason.NONLINEAR
    assert refusal("Cu", (3, 2, 1), asymmetry_limit=1e-9).reason == RejectionReason.ASYMMETRIC
    wrong_slope = refusal("Cu", (1, 1, 0), shuttleworth_limit_J_per_m2=1e-9)
    assert wrong_slope.reason == RejectionReason.INELASTIC


def test_unlike_faces_are_refused() -> None:
    assert refusal("Au", (3, 2, 1), face_limit_A=0.0).reason == RejectionReason.FACES_DIFFER


def test_a_surface_energy_below_the_limit_is_refused() -> None:
    """The limit is zero; copper stays above it, and so it is raised."""
    refused = refusal("Cu", (1, 1, 0), least_energy_J_per_m2=1.5)
    assert refused.reason == RejectionReason.NEGATIVE_SURFACE_ENERGY
    assert "1.41" in refused.detail


def test_a_file_that_is_no_potential_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nosuch"):
        find_potential("nosuch.eam")
    other = tmp_path / "Cu.txt"
    other.write_text("")
    with pytest.raises(BadInput, match="ends with"):
        find_potential(str(other))
