"""A nanoporous metal: a periodic cube, part of it solid."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.metal.load_map import LoadMap
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.physics.arrays import BoolArray, FloatArray
from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors

MIN_VOXELS, MAX_VOXELS = 8, 160
"""Voxels along an edge of a grid that is accepted."""
MAX_HKL_SQUARED = 64
"""Shorter waves than this need grids finer than any that is accepted."""
OVERVIEW_VOXELS = 20
"""Edge of the coarse grid from which solid fraction and domain of applicability follow."""
MIN_CELL_A, MAX_CELL_A = 10.0, 1e5


class Geometry(Protocol):
    """Where the solid is."""

    @property
    def identity(self) -> str:
        """A text that two geometries share only if they must not be split."""

    def solid(self, n: int) -> BoolArray:
        """Which voxels of an (n, n, n) grid are solid, judged at their centres."""


@dataclass(frozen=True)
class LevelledWaves:
    """A superposition of plane waves, solid below a level."""

    hkl_squared: int  # h² + k² + l² of all waves
    solid_fraction: float  # solid fraction that sets the level, between 0 and 1
    phases_rad: tuple[float, ...]  # a phase for each wave in lexicographic order of (h, k, l), rad

    def __post_init__(self) -> None:
        if not 0 < self.hkl_squared <= MAX_HKL_SQUARED:
            raise BadInput(f"hkl_squared must lie between 1 and {MAX_HKL_SQUARED}")
        expected = len(wave_vectors(self.hkl_squared))
        if not expected or len(self.phases_rad) != expected:
            raise BadInput(
                f"waves with h² + k² + l² = {self.hkl_squared} are {expected or 'none'}, "
                f"but there are {len(self.phases_rad)} phases"
            )
        if not np.isfinite(self.phases_rad).all():
            raise BadInput("the phases are missing or not finite")
        if not 0.0 < self.solid_fraction < 1.0:
            raise BadInput(f"the solid fraction {self.solid_fraction:g} is not between 0 and 1")

    @property
    def identity(self) -> str:
        """The waves alone: two levels of one field are alike and stay together."""
        phases = " ".join(f"{phase % (2 * np.pi):.6f}" for phase in self.phases_rad)
        return f"waves {self.hkl_squared} {phases}"

    def solid(self, n: int) -> BoolArray:
        """Which voxels of an (n, n, n) grid are solid."""
        waves = wave_vectors(self.hkl_squared)
        field = field_on_grid(waves, np.asarray(self.phases_rad), n)
        return np.asarray(field < threshold(self.solid_fraction))


@dataclass(frozen=True)
class VoxelGrid:
    """A grid of voxels, one bit each."""

    n: int  # voxels along each edge
    bits: bytes  # the voxels in C order, the first in the highest bit, solid is 1; n³/8 bytes

    def __post_init__(self) -> None:
        if not MIN_VOXELS <= self.n <= MAX_VOXELS:
            raise BadInput(f"{self.n} voxels an edge; {MIN_VOXELS} to {MAX_VOXELS} are accepted")
        expected = -(-(self.n**3) // 8)
        if len(self.bits) != expected:
            raise BadInput(
                f"a grid of {self.n}³ voxels has {expected} bytes, but there are {len(self.bits)}"
            )
        if not 0.0 < self.solid(self.n).mean() <= 1.0:
            raise BadInput("no voxel is solid")

    @classmethod
    def pack(cls, solid: BoolArray) -> "VoxelGrid":
        """The grid of a boolean array, shape (n, n, n)."""
        return cls(len(solid), np.packbits(solid).tobytes())

    @property
    def identity(self) -> str:
        """The voxels themselves."""
        return f"voxels {self.n} {self.bits.hex()}"

    def solid(self, n: int) -> BoolArray:
        """Which voxels of an (n, n, n) grid are solid; the nearest voxel decides."""
        packed = np.frombuffer(self.bits, dtype=np.uint8)
        own = np.unpackbits(packed, count=self.n**3).reshape((self.n,) * 3).astype(bool)
        nearest = ((np.arange(n) + 0.5) / n * self.n).astype(int)
        return own if n == self.n else own[np.ix_(nearest, nearest, nearest)]


@dataclass(frozen=True)
class NanoporousMetal:
    """A periodic cube of a porous single crystal, its cube axes along the edges."""

    metal: str  # chemical symbol
    cell_A: float  # edge of the periodic cube, Å
    geometry: Geometry  # where the solid is
    # where the load goes, if finite elements have said so; for training only
    load_map: LoadMap | None = None

    def __post_init__(self) -> None:
        if self.metal not in METALS:
            raise BadInput(f"unknown metal {self.metal!r}; known are {', '.join(METALS)}")
        if not MIN_CELL_A <= self.cell_A <= MAX_CELL_A:
            raise BadInput(
                f"the cell edge {self.cell_A:g} Å is not between {MIN_CELL_A:g} and "
                f"{MAX_CELL_A:g} Å"
            )

    @cached_property
    def overview(self) -> FloatArray:
        """Solid share of each voxel of a coarse grid, shape (20, 20, 20)."""
        return density(self.geometry.solid(2 * OVERVIEW_VOXELS), OVERVIEW_VOXELS)

    @property
    def solid_fraction(self) -> float:
        """Share of the cell that is solid, as realised by the geometry."""
        return float(self.overview.mean())


def density(solid: BoolArray, n: int) -> FloatArray:
    """Solid share in each of (n, n, n) blocks of a finer grid whose edge is a multiple of n."""
    r = len(solid) // n
    if r * n != len(solid):
        raise ValueError(f"a grid of {len(solid)} voxels an edge has no blocks {n} an edge")
    blocks = solid.reshape(n, r, n, r, n, r)
    return np.asarray(blocks.mean(axis=(1, 3, 5)), dtype=np.float64)
