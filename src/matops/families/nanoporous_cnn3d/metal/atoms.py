"""Nanoporous metals from the atoms of a simulation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.structure import (
    MAX_VOXELS,
    MIN_VOXELS,
    NanoporousMetal,
    VoxelGrid,
)
from matops.physics.arrays import FloatArray
from matops.simulators.output.atoms.forms import read_atoms
from matops.simulators.output.atoms.periodic import PeriodicAtoms

ATOMS_PER_CELL = 4
CUBE_TOLERANCE = 0.01
"""Largest relative deviation of the cell's edges from those of one cube."""
SMOOTHING = 0.5
"""Width of the Gaussian that turns atoms into a density, in lattice constants: wide enough that the
density inside the crystal is even, narrow enough that ligaments stay apart."""


def load_atoms(path: Path, species: Sequence[str] = ()) -> NanoporousMetal:
    """The metal in a file of one of the formats of atoms.

    Raises:
        BadInput: the file can't be read, or is not a cube of one fcc metal.
    """
    try:
        return from_atoms(read_atoms(path, species))
    except BadInput as error:
        raise BadInput(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def from_atoms(atoms: PeriodicAtoms) -> NanoporousMetal:
    """Voxels of half a lattice constant, of which the densest are solid.

    So many are solid that their share of the cube is that of the atoms: N a³/4 over the volume.
    The cube axes of the crystal must lie along the edges; that is not checked.

    Raises:
        BadInput: several elements, no metal known here, not a cube, or more atoms than sites.
    """
    elements = sorted(set(atoms.symbols))
    if len(elements) != 1 or elements[0] not in METALS:
        raise BadInput(f"atoms of {', '.join(elements)}: it must be one of {', '.join(METALS)}")
    cell_A, a_A = _cube_edge_A(atoms.cell_A), METALS[elements[0]].lattice_constant_A
    share = len(atoms.symbols) / ATOMS_PER_CELL * (a_A / cell_A) ** 3
    if share > 1 + 3 * CUBE_TOLERANCE:
        raise BadInput(f"{len(atoms.symbols)} atoms are {share:.2f} times those of the full cube")
    n = int(np.clip(round(2 * cell_A / a_A), MIN_VOXELS, MAX_VOXELS))
    width = SMOOTHING * a_A / cell_A * n
    smoothed = gaussian_filter(_deposit(atoms.frac_coords, n), width, mode="wrap")
    solid = np.zeros(n**3, dtype=bool)
    count = min(round(share * n**3), n**3)
    solid[np.argsort(-smoothed.ravel(), kind="stable")[:count]] = True
    return NanoporousMetal(elements[0], cell_A, VoxelGrid.pack(solid.reshape(n, n, n)))


def _cube_edge_A(cell_A: FloatArray) -> float:
    edge_A = float(np.cbrt(abs(np.linalg.det(cell_A))))
    if np.abs(cell_A - edge_A * np.eye(3)).max() > CUBE_TOLERANCE * edge_A:
        raise BadInput("the cell is not a cube with its edges along x, y and z")
    return edge_A


def _deposit(frac_coords: FloatArray, n: int) -> FloatArray:
    """Atoms shared among the eight nearest voxel centres; shape (n, n, n).

    Atoms of a perfect crystal lie on the boundaries of voxels: to count each in one would let
    rounding decide in which.
    """
    places = frac_coords * n - 0.5
    lower = np.floor(places).astype(np.int64)
    upper_share = places - lower
    grid = np.zeros((n, n, n))
    for corner in np.ndindex(2, 2, 2):
        shares = np.where(corner, upper_share, 1 - upper_share).prod(axis=1)
        i, j, k = ((lower + corner) % n).T
        np.add.at(grid, (i, j, k), shares)
    return grid
