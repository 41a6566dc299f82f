"""Nanoporous structures that the tests of this family share."""

from collections.abc import Callable

import numpy as np
import pytest

from matops.families.nanoporous_cnn3d.structure import (
    LevelledWaves,
    NanoporousMetal,
    VoxelGrid,
)
from matops.physics.levelled_waves import wave_vectors

Build = Callable[..., NanoporousMetal]


def _waves(seed: int = 0, solid_fraction: float = 0.4, hkl_squared: int = 5) -> NanoporousMetal:
    n_waves = len(wave_vectors(hkl_squared))
    phases_rad = np.random.default_rng(seed).uniform(0, 2 * np.pi, n_waves)
    geometry = LevelledWaves(hkl_squared, solid_fraction, tuple(phases_rad.tolist()))
    return NanoporousMetal("Au", 200.0, geometry)


def _voxels(solid: np.ndarray) -> NanoporousMetal:
    return NanoporousMetal("Au", 200.0, VoxelGrid.pack(solid))


@pytest.fixture
def waves() -> Build:
    """Builds a levelled-wave structure."""
    return _waves


@pytest.fixture
def voxels() -> Build:
    """Builds a structure of a boolean grid."""
    return _voxels
