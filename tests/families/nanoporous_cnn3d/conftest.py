"""Nanoporous structures that the tests of this family share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from matops.core.data.record import Quarantined, Record
from matops.families.nanoporous_cnn3d.config import NanoporousConfig, SimulationConfig
from matops.families.nanoporous_cnn3d.metal.structure import (
    LevelledWaves,
    NanoporousMetal,
    VoxelGrid,
)
from matops.families.nanoporous_cnn3d.simulation import simulate_metals
from matops.physics.levelled_waves import wave_vectors

Build = Callable[..., NanoporousMetal]

CAMPAIGN = SimulationConfig(
    engine="finite_elements",
    metal="Cu",
    count=12,
    cells=6,
    hkl_squared=2,
    least_solid_fraction=0.5,
    most_solid_fraction=0.6,
)


@dataclass(frozen=True)
class Campaign:
    """A finished campaign: what it was asked, where it keeps its results, what it yielded."""

    config: SimulationConfig
    work_dir: Path
    items: list[Record | Quarantined]


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


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """A dozen thick-walled structures, labelled by finite elements. Read only."""
    work_dir = tmp_path_factory.mktemp("campaign")
    items = list(
        simulate_metals(NanoporousConfig(simulation=CAMPAIGN), work_dir, 1, lambda *_: None)
    )
    return Campaign(CAMPAIGN, work_dir, items)
