"""A crystal, and what it must satisfy to be one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from pymatgen.core.composition import Composition

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.elements import MAX_ATOMIC_NUMBER
from matops.physics.arrays import FloatArray, IntArray

MAX_ATOMS = 2000
MIN_DISTANCE_A = 0.5
"""Atoms closer than this overlap; the shortest bond there is, in H2, has 0.74 Å."""
MIN_SPACING_A = 0.1
"""Lattice planes closer than this make the search for neighbours endless; no crystal needs them."""


@dataclass(frozen=True)
class Crystal:
    """An ordered periodic crystal."""

    lattice_A: FloatArray  # lattice vectors as rows, shape (3, 3), Å
    frac_coords: FloatArray  # fractional coordinates, shape (n, 3), within [0, 1)
    numbers: IntArray  # atomic numbers, shape (n,)

    @property
    def cart_coords_A(self) -> FloatArray:
        """Cartesian coordinates, shape (n, 3), Å."""
        return self.frac_coords @ self.lattice_A

    @property
    def volume_A3(self) -> float:
        """Volume of the cell, Å³."""
        return abs(float(np.linalg.det(self.lattice_A)))

    @property
    def symbols(self) -> list[str]:
        """Chemical symbol of each atom."""
        return [chemical_symbols[z] for z in self.numbers]

    @property
    def reduced_formula(self) -> str:
        """Reduced formula, the same for all polymorphs, as in ``LiGdAu2``."""
        return _reduced_formula(tuple(sorted(Counter(self.symbols).items())))

    def payload(self) -> dict[str, Any]:
        """The crystal as JSON, in the form ``crystal``."""
        return {
            "crystal": {
                "lattice_A": self.lattice_A.tolist(),
                "species": self.symbols,
                "frac_coords": self.frac_coords.tolist(),
            }
        }


@lru_cache(maxsize=10_000)
def _reduced_formula(counts: tuple[tuple[str, int], ...]) -> str:
    """Tables have polymorphs, and calculations of one crystal, one after the other."""
    return str(Composition(dict(counts)).reduced_formula)


def make_crystal(lattice_A: Any, species: Sequence[Any], frac_coords: Any) -> Crystal:
    """A checked crystal from plain numbers and symbols.

    Raises:
        BadInput: no atoms, too many, an unknown element, a flat cell, or shapes that don't fit.
    """
    if len(species) == 0:
        raise BadInput("the crystal has no atoms")
    if len(species) > MAX_ATOMS:
        raise BadInput(f"the crystal has {len(species)} atoms; at most {MAX_ATOMS} are accepted")
    numbers = np.array([_atomic_number(symbol) for symbol in species], dtype=np.int64)
    lattice = _numbers(lattice_A, (3, 3), "lattice vectors")
    frac = _numbers(frac_coords, (len(species), 3), "fractional coordinates")
    # The second remainder turns what the first rounds to one into zero.
    crystal = Crystal(lattice, frac % 1.0 % 1.0, numbers)
    if not 1.0 < crystal.volume_A3 / len(species) < 1e4:
        raise BadInput(f"the cell has {crystal.volume_A3:g} Å³ for {len(species)} atoms")
    spacing = float(1 / np.linalg.norm(np.linalg.inv(lattice), axis=0).max())
    if spacing < MIN_SPACING_A:
        raise BadInput(f"the cell is too thin or too skewed: lattice planes {spacing:.2g} Å apart")
    return crystal


def _numbers(values: Any, shape: tuple[int, ...], what: str) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(f"the {what} are not numbers") from None
    if array.shape != shape:
        raise BadInput(f"the {what} must have shape {shape}, not {array.shape}")
    if not np.isfinite(array).all():
        raise BadInput(f"the {what} are missing or not finite")
    return array


def _atomic_number(symbol: Any) -> int:
    isotopes = {"D": "H", "T": "H"}
    number = atomic_numbers.get(isotopes.get(symbol, symbol)) if isinstance(symbol, str) else None
    if not number or number > MAX_ATOMIC_NUMBER:
        raise BadInput(f"unknown element {symbol!r}")
    return int(number)
