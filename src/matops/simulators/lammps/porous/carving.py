"""Nanoporous fcc crystals, carved along levelled waves."""

from dataclasses import dataclass

import numpy as np

from matops.core.errors import BadInput
from matops.physics.arrays import BoolArray
from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors
from matops.simulators.lammps.library import EAM_SPECIES


@dataclass(frozen=True)
class PorousDesign:
    """A periodic cube of fcc metal, cube axes along its edges, solid below a level of a field.

    Raises:
        BadInput: there is no such metal, field or level.

    Source: C. Soyarslan et al., Acta Mater. 149, 326 (2018), equations 1 to 5; carved from fcc as
    in S. Zorkaltsev et al., Mater. Des. 260, 114896 (2025).
    """

    metal: str  # chemical symbol, one of ``EAM_SPECIES``
    cells: int  # conventional fcc cells along each edge, at least 2, so that bonds are unambiguous
    hkl_squared: int  # h² + k² + l² of all waves
    solid_fraction: float  # solid fraction that sets the level, above 0; 1 is a full block
    phases_rad: tuple[float, ...]  # a phase for each wave in lexicographic order of (h, k, l), rad

    def __post_init__(self) -> None:
        if self.metal not in EAM_SPECIES:
            raise BadInput(f"no potential for metal {self.metal!r}; have {', '.join(EAM_SPECIES)}")
        if self.cells < 2:
            raise BadInput(f"cells: a cube needs at least two along its edge, not {self.cells}")
        if not 0.0 < self.solid_fraction <= 1.0:
            raise BadInput(f"solid_fraction: {self.solid_fraction:g} is not above 0 and up to 1")
        waves = len(wave_vectors(self.hkl_squared)) if self.hkl_squared > 0 else 0
        if not waves or len(self.phases_rad) != waves:
            raise BadInput(
                f"phases_rad: {len(self.phases_rad)} phases, but {waves} waves have "
                f"h² + k² + l² = {self.hkl_squared}"
            )
        if not np.isfinite(self.phases_rad).all():
            raise BadInput("phases_rad: a phase is not finite")


def carve(design: PorousDesign) -> BoolArray:
    """Which points of a grid of half lattice constants hold an atom, shape (n, n, n).

    Point (i, j, k) lies at (i, j, k)/n of the edge. Those with an even i + j + k are the fcc sites,
    the others never hold an atom.
    """
    n = 2 * design.cells
    waves = wave_vectors(design.hkl_squared)
    # That grid's points are centres of voxels; the phases move them by half a voxel onto the sites.
    phases = np.asarray(design.phases_rad) - np.pi * waves.sum(axis=1) / n
    sites = np.indices((n, n, n)).sum(axis=0) % 2 == 0
    return np.asarray(sites & (field_on_grid(waves, phases, n) < threshold(design.solid_fraction)))
