"""Continuum descriptors: the crystal, laminates, bounds, symmetries."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from matops.families.nanoporous_cnn3d.metal.load_map import EDGE, LoadMap
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import write_payload
from matops.families.nanoporous_cnn3d.morphology.physical import (
    PENALTY,
    PHYSICAL_DESCRIPTORS,
    SUBVOXELS,
    VOXELS,
    continuum_stiffness_GPa,
    describe_physics,
    element_density,
    run_continuum_task,
)

FINE = VOXELS * SUBVOXELS
GOLD = METALS["Au"]
SOLVER = 5e-3
"""Relative error that the solver's tolerance leaves."""


def layers(thickness: int, axis: int, start: int = 0) -> np.ndarray:
    """A plate normal to an axis, its thickness in points of the fine grid."""
    solid = np.zeros((FINE,) * 3, dtype=bool)
    np.moveaxis(solid, axis, 0)[start : start + thickness] = True
    return solid


@pytest.mark.parametrize("metal", METALS)
def test_solid_block_is_the_crystal_and_conducts_as_one(metal: str, voxels: Callable) -> None:
    block = replace(voxels(np.ones((8, 8, 8), dtype=bool)), metal=metal)
    described = describe_physics(block)
    assert described.shape == (3, len(PHYSICAL_DESCRIPTORS))
    assert described[:, 0] == pytest.approx(METALS[metal].C11_GPa, rel=1e-5)
    assert described[:, 1] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_laminate_carries_along_its_layers_and_not_across(axis: int, voxels: Callable) -> None:
    """Under uniaxial strain the layers are held in their plane, and free across it."""
    share = 8 / VOXELS
    stiffness, conductivity = describe_physics(voxels(layers(8 * SUBVOXELS, axis))).T
    along = share * (GOLD.C11_GPa - GOLD.C12_GPa**2 / GOLD.C11_GPa)
    expected = np.where(np.arange(3) == axis, 0.0, 1.0)
    assert stiffness == pytest.approx(along * expected, rel=1e-4, abs=1e-3)
    assert conductivity == pytest.approx(share * expected, rel=1e-4, abs=1e-4)


def test_elements_that_a_surface_cuts_are_softer_than_their_share(voxels: Callable) -> None:
    """A plate off the elements' faces: two half-filled layers stand for one full one."""
    aligned = layers(8 * SUBVOXELS, 2)
    cut = layers(8 * SUBVOXELS, 2, start=SUBVOXELS // 2)
    assert element_density(voxels(cut)).mean() == element_density(voxels(aligned)).mean()
    (full, full_conducts), (less, conducts) = (
        describe_physics(voxels(s))[0] for s in (aligned, cut)
    )
    assert less / full == pytest.approx((7 + 2 * 0.5**PENALTY) / 8, rel=1e-3)
    assert conducts == pytest.approx(full_conducts, rel=1e-3)


def test_uniform_strain_and_uniform_field_are_upper_bounds(waves: Callable) -> None:
    for seed, solid_fraction in ((0, 0.4), (1, 0.7)):
        sample = waves(seed, solid_fraction)
        share = element_density(sample).mean()
        stiffness, conductivity = describe_physics(sample).T
        assert (stiffness < share * GOLD.C11_GPa).all()
        assert (conductivity < share).all()
        assert (stiffness > 0).all()
        assert (conductivity > 0).all()


def test_more_solid_is_stiffer_and_conducts_better(waves: Callable) -> None:
    less, more = (describe_physics(waves(3, fraction)) for fraction in (0.45, 0.6))
    assert (less < more).all()


def test_size_of_the_cell_says_nothing_to_a_continuum(waves: Callable) -> None:
    sample = waves(4, 0.8)
    assert np.array_equal(describe_physics(replace(sample, cell_A=999.0)), describe_physics(sample))


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
def test_shifts_mirrors_and_turns_are_followed(
    axes: tuple[int, int, int], waves: Callable, voxels: Callable
) -> None:
    solid = waves(5, 0.5).geometry.solid(FINE)
    moved = np.roll(solid.transpose(axes)[::-1, :, ::-1], (SUBVOXELS, -2 * SUBVOXELS, 0), (0, 1, 2))
    here, there = describe_physics(voxels(solid)), describe_physics(voxels(moved))
    assert np.ptp(here[:, 0]) > 4 * SOLVER * here[:, 0].mean()
    assert there == pytest.approx(here[list(axes)], rel=SOLVER)


def test_task_gives_stiffness_and_where_the_load_goes(waves: Callable) -> None:
    sample = waves(6, 0.5)
    result = run_continuum_task({"payload": write_payload(sample)})
    stiffness_GPa = [result[f"C_{i}{i}_GPa"] for i in (1, 2, 3)]
    assert result["accepted"]
    assert stiffness_GPa == pytest.approx(continuum_stiffness_GPa(sample).values)
    energy = LoadMap.decode(result["load_map"]).array().astype(float)
    assert energy.mean((1, 2, 3)) == pytest.approx(stiffness_GPa, rel=2e-3)


def test_load_map_of_a_laminate_lies_in_its_layers(voxels: Callable) -> None:
    plate = voxels(layers(FINE // 2, 0))
    energy = LoadMap.of(continuum_stiffness_GPa(plate).local).array().astype(float)
    assert energy.shape == (3, EDGE, EDGE, EDGE)
    in_plane = GOLD.C11_GPa - GOLD.C12_GPa**2 / GOLD.C11_GPa
    assert energy[1:, : EDGE // 2] == pytest.approx(in_plane, rel=2e-3)
    assert energy[1:, EDGE // 2 :] == pytest.approx(0.0, abs=1e-6)


def test_solution_that_did_not_converge_is_refused(
    waves: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matops.simulators.continuum.solver.MAX_ITERATIONS", 3)
    result = run_continuum_task({"payload": write_payload(waves(7, 0.4))})
    assert result == {
        "accepted": False,
        "reason": "not converged",
        "detail": "after 3 iterations",
    }


def ball() -> np.ndarray:
    """A lump that touches none of its images."""
    x = (np.arange(FINE) + 0.5) / FINE - 0.5
    return np.asarray(x[:, None, None] ** 2 + x[:, None] ** 2 + x**2 < 0.35**2)


@pytest.mark.parametrize("solid", [layers(32, 2), layers(30, 0, start=3), ball()])
def test_solid_that_is_not_joined_along_every_axis_is_refused(
    solid: np.ndarray, voxels: Callable
) -> None:
    result = run_continuum_task({"payload": write_payload(voxels(solid))})
    assert not result["accepted"]
    assert result["reason"] == "solid does not hold together"
    assert result["detail"].startswith("lowest stiffness ")


def test_thin_rods_along_every_axis_are_joined(voxels: Callable) -> None:
    """A hundredth of the cell is solid: soft, and yet a stiffness."""
    x, y, z = np.indices((FINE,) * 3) < SUBVOXELS
    rods = (x & y) | (y & z) | (z & x)
    result = run_continuum_task({"payload": write_payload(voxels(rods))})
    assert result["accepted"]
    youngs_GPa = GOLD.C11_GPa - 2 * GOLD.C12_GPa**2 / (GOLD.C11_GPa + GOLD.C12_GPa)
    assert result["C_11_GPa"] == pytest.approx(youngs_GPa / VOXELS**2, rel=0.1)
