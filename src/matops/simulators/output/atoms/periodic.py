"""Atoms in a cell that repeats, whatever file they come from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray

Species = Sequence[str]
"""Chemical symbol of each atom type, in the order of the types; empty if not known."""


@dataclass(frozen=True, eq=False)
class PeriodicAtoms:
    """Atoms in a cell that repeats along all three edges."""

    cell_A: FloatArray  # (3, 3) edges of the cell as rows, Å
    frac_coords: FloatArray  # (n, 3) fractional coordinates
    symbols: tuple[str, ...]  # n chemical symbols
    remark: str = ""  # what had to be assumed, for people to see


def in_cell(
    cell_A: FloatArray, places_A: FloatArray, symbols: Sequence[str], remark: str = ""
) -> PeriodicAtoms:
    """Atoms by their Cartesian coordinates, shape (n, 3), Å.

    Raises:
        BadInput: the cell is flat.
    """
    if not np.isfinite(cell_A).all() or abs(np.linalg.det(cell_A)) < 1e-6:
        raise BadInput("the cell has no volume")
    return PeriodicAtoms(cell_A, places_A @ np.linalg.inv(cell_A), tuple(symbols), remark)


def of_ase(atoms: Atoms) -> PeriodicAtoms:
    """ASE's atoms.

    Raises:
        BadInput: the cell is not periodic along all three edges.
    """
    if not atoms.cell.rank == 3 or not atoms.pbc.all():
        raise BadInput("the cell is not periodic along all three edges")
    symbols = [chemical_symbols[number] for number in atoms.numbers]
    return in_cell(np.asarray(atoms.cell.array, dtype=np.float64), atoms.positions, symbols)


def check_elements(symbols: Species) -> None:
    """Whether all are chemical symbols.

    Raises:
        BadInput: one is none.
    """
    unknown = [symbol for symbol in symbols if not atomic_numbers.get(symbol)]
    if unknown:
        raise BadInput(f"species: unknown element {unknown[0]!r}")
