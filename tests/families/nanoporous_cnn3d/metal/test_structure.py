from itertools import pairwise

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.metal.structure import (
    LevelledWaves,
    NanoporousMetal,
    VoxelGrid,
    density,
)

EIGHT = (0.3, 1.2, 2.1, 3.0, 3.9, 4.8, 5.7, 0.4)


def test_bits_survive_packing() -> None:
    solid = np.random.default_rng(0).random((10, 10, 10)) < 0.3
    grid = VoxelGrid.pack(solid)
    assert len(grid.bits) == 125
    assert np.array_equal(grid.solid(10), solid)


def test_finer_grid_repeats_voxels_and_coarser_one_picks_them() -> None:
    solid = np.random.default_rng(0).random((8, 8, 8)) < 0.4
    grid = VoxelGrid.pack(solid)
    assert np.array_equal(grid.solid(16), solid.repeat(2, 0).repeat(2, 1).repeat(2, 2))
    assert np.array_equal(VoxelGrid.pack(grid.solid(16)).solid(8), solid)


def test_grid_of_waves_agrees_with_the_waves_at_any_resolution(waves) -> None:
    sample = waves(1)
    coarse, fine = sample.geometry.solid(20), sample.geometry.solid(60)
    assert np.array_equal(coarse, fine[1::3, 1::3, 1::3])
    assert np.array_equal(VoxelGrid.pack(fine).solid(20), coarse)


def test_solid_grows_with_the_level_and_never_shrinks(waves) -> None:
    grids = [waves(3, fraction).geometry.solid(24) for fraction in (0.2, 0.35, 0.5, 0.8)]
    for less, more in pairwise(grids):
        assert not (less & ~more).any()
        assert less.sum() < more.sum()


def test_solid_fraction_is_that_of_the_level_on_average(waves) -> None:
    found = [waves(seed, 0.35, 14).solid_fraction for seed in range(30)]
    assert np.mean(found) == pytest.approx(0.35, abs=0.01)


def test_density_is_the_mean_of_blocks() -> None:
    solid = np.zeros((8, 8, 8), dtype=bool)
    solid[:4, :2, 0] = True
    blocks = density(solid, 2)
    assert blocks[0, 0, 0] == pytest.approx(8 / 64)
    assert blocks.sum() == pytest.approx(8 / 64)
    with pytest.raises(ValueError, match="8 voxels"):
        density(solid, 3)


def test_one_topology_at_two_levels_shares_its_identity(waves) -> None:
    assert waves(0, 0.3).geometry.identity == waves(0, 0.5).geometry.identity
    assert waves(0).geometry.identity != waves(1).geometry.identity
    turned = LevelledWaves(3, 0.5, tuple(phase + 2 * np.pi for phase in EIGHT))
    assert turned.identity == LevelledWaves(3, 0.5, EIGHT).identity


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((7, 0.5, ()), "l² = 7 are none"),
        ((3, 0.5, EIGHT[:-1]), "are 8, but there are 7"),
        ((3, 1.0, EIGHT), "solid fraction 1 "),
        ((3, 0.0, EIGHT), "solid fraction 0 "),
        ((0, 0.5, EIGHT), "hkl_squared"),
        ((65, 0.5, EIGHT), "hkl_squared"),
        ((3, 0.5, (*EIGHT[:-1], np.nan)), "not finite"),
    ],
)
def test_impossible_waves_are_refused(arguments, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        LevelledWaves(*arguments)


def test_impossible_grids_are_refused() -> None:
    with pytest.raises(BadInput, match="no voxel is solid"):
        VoxelGrid.pack(np.zeros((8, 8, 8), dtype=bool))
    with pytest.raises(BadInput, match="64 bytes, but there are 63"):
        VoxelGrid(8, bytes(63))
    for n in (7, 161, 10**9):
        with pytest.raises(BadInput, match="voxels an edge"):
            VoxelGrid(n, bytes(10))


def test_unknown_metal_and_absurd_cells_are_refused(waves) -> None:
    geometry = waves().geometry
    with pytest.raises(BadInput, match="'Fe'"):
        NanoporousMetal("Fe", 100.0, geometry)
    for cell_A in (1.0, 1e9, np.nan):
        with pytest.raises(BadInput, match="cell edge"):
            NanoporousMetal("Au", cell_A, geometry)
