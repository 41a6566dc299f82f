"""Descriptors of whole structures: names, symmetries, limits, fallbacks."""

import warnings
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.morphology.descriptors import (
    LOAD_DESCRIPTORS,
    STRUCTURE_DESCRIPTORS,
    Morphology,
    describe_morphology,
)
from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors

CELL_A = 100.0
WAVES = wave_vectors(9)
ON_VOXELS = (
    "solid_fraction",
    "genus",
    "pieces",
    "specific_surface",
    "smallest_section",
    "series_section",
    "solid_columns",
    "mean_chord",
    "surface_facing",
)


def porous(seed: int, n: int = 32, solid_fraction: float = 0.35) -> NDArray[np.bool_]:
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(WAVES))
    return np.asarray(field_on_grid(WAVES, phases, n) < threshold(solid_fraction))


def whole(morphology: Morphology) -> dict[str, float]:
    return dict(zip(STRUCTURE_DESCRIPTORS, morphology.structure.tolist(), strict=True))


def by_axis(morphology: Morphology) -> dict[str, NDArray[np.float64]]:
    return dict(zip(LOAD_DESCRIPTORS, morphology.load.T, strict=True))


def cross_of_rods(n: int, diameter: float) -> NDArray[np.bool_]:
    """Rods along x, y and z through the centre of the cell, whose edge is 1."""
    x = (np.arange(n) + 0.5) / n - 0.5
    squares = np.stack(np.meshgrid(x, x, x, indexing="ij")) ** 2
    return np.asarray((squares.sum(axis=0) - squares < diameter**2 / 4).any(axis=0))


def test_shapes_follow_the_names() -> None:
    found = describe_morphology(porous(0), CELL_A)
    assert found.structure.shape == (len(STRUCTURE_DESCRIPTORS),)
    assert found.load.shape == (3, len(LOAD_DESCRIPTORS))
    names = [*STRUCTURE_DESCRIPTORS, *LOAD_DESCRIPTORS]
    assert len(set(names)) == len(names)


def test_a_cubic_frame_has_one_node_of_six_straight_ligaments() -> None:
    found = describe_morphology(cross_of_rods(40, 0.2), CELL_A)
    numbers = whole(found)
    assert (numbers["genus"], numbers["pieces"], numbers["nodes"]) == (3, 1, 1)
    assert numbers["coordination_mean"] == 6
    assert numbers["ligament_diameter_mean"] == pytest.approx(20, abs=2.5)
    assert numbers["neck_diameter_mean"] == pytest.approx(20, abs=2.5)
    assert numbers["node_diameter_mean"] > numbers["ligament_diameter_mean"]
    assert numbers["ligament_length_mean"] == pytest.approx(100, rel=0.01)
    assert numbers["ligament_curvature_mean"] == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(by_axis(found)["alignment"], 1 / 3, atol=0.01)
    np.testing.assert_allclose(by_axis(found)["straightness"], 1, atol=0.01)


def test_schwarz_p_has_genus_three_and_its_known_area() -> None:
    x = 2 * np.pi * (np.arange(40) + 0.5) / 40
    level = np.cos(x)[:, None, None] + np.cos(x)[:, None] + np.cos(x)
    numbers = whole(describe_morphology(level < 0, CELL_A))
    assert numbers["genus"] == 3
    assert numbers["solid_fraction"] == pytest.approx(0.5, abs=1e-3)
    assert numbers["specific_surface"] * CELL_A == pytest.approx(2.345, rel=0.02)
    assert numbers["coordination_mean"] == 6


def test_a_mean_neck_is_narrower_than_the_ligaments_and_these_than_the_nodes() -> None:
    numbers = whole(describe_morphology(porous(6, n=40), CELL_A))
    neck, ligament = numbers["neck_diameter_mean"], numbers["ligament_diameter_mean"]
    assert neck < ligament < numbers["node_diameter_mean"]


def test_lengths_scale_with_the_cell_and_ratios_do_not() -> None:
    small, large = (describe_morphology(porous(1), cell_A) for cell_A in (100.0, 300.0))
    powers = {"1": 0, "Å": 1, "1/Å": -1}
    factors = [3.0 ** powers[unit] for unit in STRUCTURE_DESCRIPTORS.values()]
    np.testing.assert_allclose(large.structure, small.structure * factors)
    factors = [3.0 ** powers[unit] for unit in LOAD_DESCRIPTORS.values()]
    np.testing.assert_allclose(large.load, small.load * factors)


@pytest.mark.parametrize(("seed", "solid_fraction"), [(10, 0.25), (1, 0.35), (5, 0.5)])
def test_a_periodic_shift_changes_nothing(seed: int, solid_fraction: float) -> None:
    solid = porous(seed, solid_fraction=solid_fraction)
    here = describe_morphology(solid, CELL_A)
    there = describe_morphology(np.roll(solid, (5, 17, -9), (0, 1, 2)), CELL_A)
    np.testing.assert_allclose(there.structure, here.structure, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(there.load, here.load, rtol=1e-6, atol=1e-9)


def test_what_is_counted_on_voxels_keeps_mirrors_and_swaps_exactly() -> None:
    solid = porous(3)
    here = describe_morphology(solid, CELL_A)
    for axes in permutations(range(3)):
        there = describe_morphology(solid.transpose(axes)[::-1, :, ::-1], CELL_A)
        for name in ON_VOXELS:
            if name in whole(here):
                assert whole(there)[name] == pytest.approx(whole(here)[name], rel=1e-12)
            else:
                expected = by_axis(here)[name][list(axes)]
                np.testing.assert_allclose(by_axis(there)[name], expected, rtol=1e-12)


def test_what_comes_from_the_skeleton_follows_swaps_closely() -> None:
    """One structure may lose or gain a junction; what the ligaments carry stays alike."""
    scatter = []
    for seed in range(4):
        solid = porous(seed, n=40)
        here, there = (by_axis(describe_morphology(s, CELL_A)) for s in (solid, solid.T))
        for name in ("frame_stiffness", "network_conductance", "affine_stiffness"):
            scatter.append((there[name][::-1] - here[name]) / here[name].mean())
    assert np.sqrt(np.mean(np.square(scatter))) < 0.08


@pytest.mark.parametrize("n", [8, 11])
@pytest.mark.parametrize("solid_fraction", [0.0, 0.01, 0.1, 0.3, 0.6, 0.9, 0.99, 1.0])
def test_any_grid_gets_finite_numbers_without_a_warning(n: int, solid_fraction: float) -> None:
    rng = np.random.default_rng(n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            found = describe_morphology(rng.random((n, n, n)) < solid_fraction, CELL_A)
            assert np.isfinite(found.structure).all()
            assert np.isfinite(found.load).all()


def test_without_ligaments_the_stated_fallbacks_are_taken() -> None:
    full = describe_morphology(np.ones((16, 16, 16), dtype=bool), CELL_A)
    assert whole(full)["ligament_diameter_mean"] == whole(full)["node_diameter_mean"] == CELL_A
    assert (by_axis(full)["frame_stiffness"] == 0).all()
    np.testing.assert_allclose(by_axis(full)["alignment"], 1 / 3)
    np.testing.assert_allclose(by_axis(full)["surface_facing"], 1 / 3)
    np.testing.assert_allclose(by_axis(full)["mean_chord"], CELL_A)

    slab = np.zeros((20, 20, 20), dtype=bool)
    slab[3:9] = True
    # The cylinder of a plate is twice as thick as the plate.
    thick = whole(describe_morphology(slab, CELL_A))["ligament_diameter_mean"]
    assert thick == pytest.approx(2 * 30, rel=0.02)


@pytest.mark.parametrize(
    ("shape", "cell_A"),
    [((8, 8, 9), 1.0), ((8, 8), 1.0), ((4, 4, 4), 1.0), ((8, 8, 8), 0.0), ((8, 8, 8), np.nan)],
)
def test_what_is_no_cell_is_refused(shape: tuple[int, ...], cell_A: float) -> None:
    with pytest.raises(BadInput):
        describe_morphology(np.ones(shape, dtype=bool), cell_A)
