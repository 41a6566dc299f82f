"""The primitive cell of a crystal: the same crystal, with fewer atoms to look at.

Databases list conventional cells, in which a centred lattice repeats every atom two to four times.
Nothing that the network sees depends on the cell, so the smallest one is the cheapest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import spglib

from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.physics.arrays import BoolArray, FloatArray, IntArray

SAME_PLACE_A = 1e-4
"""Atoms that a translation brings closer to each other than this are the same."""
MOST_COMPARISONS = 20_000
"""Of atoms with shifted atoms; where a cell needs more, comparing costs more than it saves."""


@dataclass(frozen=True)
class Shifts:
    """Translations, in fractional coordinates, that may bring a crystal to itself."""

    crystal: IntArray  # whose, ascending, shape (k,)
    vector: FloatArray  # shape (k, 3)


@dataclass(frozen=True)
class Kinds:
    """The atoms of one element in one crystal, for all elements and crystals."""

    atom: IntArray  # all atoms, one kind after the other and ascending in each, shape (n_atoms,)
    first: IntArray  # where each kind starts among them, shape (n_kinds,)
    count: IntArray  # its number of atoms, shape (n_kinds,)
    crystal: IntArray  # its crystal, ascending, shape (n_kinds,)


def primitive_cells(crystals: Sequence[Crystal]) -> list[Crystal]:
    """Crystals in their smallest cells, reduced after Niggli; atoms keep their order.

    A cell that is primitive already, or too large to look for translations, stays as it is.
    """
    owner = np.repeat(np.arange(len(crystals)), [len(c.numbers) for c in crystals])
    kinds = _kinds(owner, np.concatenate([crystal.numbers for crystal in crystals]))
    frac = np.concatenate([crystal.frac_coords for crystal in crystals])
    shifts, is_image = _translations(crystals, frac, kinds, _candidates(frac, kinds))
    whose, starts = np.unique(shifts.crystal, return_index=True)
    own = zip(whose.tolist(), np.split(shifts.vector, starts[1:]), strict=False)
    lattices_A = {i: _lattice_A(crystals[i].lattice_A, vectors) for i, vectors in own}
    smaller = {i: lattice_A for i, lattice_A in lattices_A.items() if lattice_A is not None}
    ends = np.cumsum([len(crystal.numbers) for crystal in crystals])
    return _in_cells(crystals, smaller, np.split(~is_image, ends[:-1]))


def _kinds(owner: IntArray, numbers: IntArray) -> Kinds:
    atom = np.lexsort((numbers, owner))
    opens = (np.diff(numbers[atom], prepend=0) != 0) | (np.diff(owner[atom], prepend=-1) != 0)
    first = np.flatnonzero(opens)
    return Kinds(atom, first, np.diff(first, append=len(atom)), owner[atom][first])


def _ranges(first: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """Ranges of numbers one after the other: which one it is, and the number."""
    which = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return which, np.arange(len(which)) + (first - before)[which]


def _candidates(frac: FloatArray, kinds: Kinds) -> Shifts:
    """From the first to each other atom of a crystal's rarest kind: every translation is one.

    As many atoms as there are translations share every place, so that they divide all counts.
    """
    opens = np.flatnonzero(np.diff(kinds.crystal, prepend=-1))
    common = np.gcd.reduceat(kinds.count, opens)
    rarest = np.lexsort((kinds.count, kinds.crystal))[opens]
    work = kinds.count[rarest] * np.add.reduceat(kinds.count**2, opens)
    rarest = rarest[(common > 1) & (work <= MOST_COMPARISONS)]
    which, place = _ranges(kinds.first[rarest] + 1, kinds.count[rarest] - 1)
    start = kinds.atom[kinds.first[rarest]]
    return Shifts(kinds.crystal[rarest][which], frac[kinds.atom[place]] - frac[start][which])


def _pairs(kinds: Kinds, looked_at: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Firsts and seconds of ordered pairs of one kind, with itself too; pairs of each crystal."""
    count = np.where(np.isin(kinds.crystal, looked_at), kinds.count, 0)
    kind, place = _ranges(kinds.first, count)
    first, other = _ranges(kinds.first[kind], count[kind])
    n_pairs = np.bincount(kinds.crystal, count**2).astype(np.int64)
    return kinds.atom[place][first], kinds.atom[other], n_pairs


def _translations(
    crystals: Sequence[Crystal], frac: FloatArray, kinds: Kinds, shifts: Shifts
) -> tuple[Shifts, BoolArray]:
    """Those shifts that bring a crystal to itself, and which atoms are images of earlier ones."""
    start, end, n_pairs = _pairs(kinds, shifts.crystal)
    first_pair = np.cumsum(n_pairs) - n_pairs
    shift, pair = _ranges(first_pair[shifts.crystal], n_pairs[shifts.crystal])
    lengths_A = np.sqrt((np.stack([c.lattice_A for c in crystals]) ** 2).sum(axis=2))
    tolerance = (SAME_PLACE_A / lengths_A)[shifts.crystal]
    meets = np.ones(len(pair), dtype=bool)
    for axis in range(3):
        apart = (frac[start, axis] - frac[end, axis])[pair] + shifts.vector[:, axis][shift]
        meets &= np.abs(apart - np.rint(apart)) < tolerance[:, axis][shift]
    n_atoms = np.bincount(kinds.crystal, kinds.count)[shifts.crystal]
    holds = np.bincount(shift[meets], minlength=len(n_atoms)) == n_atoms
    met = pair[meets & holds[shift]]
    is_image = np.zeros(len(frac), dtype=bool)
    is_image[np.maximum(start[met], end[met])] = True
    return Shifts(shifts.crystal[holds], shifts.vector[holds]), is_image


def _lattice_A(lattice_A: FloatArray, shifts: FloatArray) -> FloatArray | None:
    """Reduced vectors of the lattice that translations, shape (k, 3), add to a cell.

    The translations of a crystal are a group, so that each is a whole number of m-ths of the cell's
    vectors, m being their number, with the one that does nothing. Of the smallest in echelon form
    the lattice is made. Where coordinates are too coarse for that, there is none.
    """
    m = len(shifts) + 1
    parts = (np.rint(shifts * m).astype(int) % m).tolist()
    third = min((t for t in parts if not t[0] and not t[1]), default=[0, 0, m])
    second = min((t for t in parts if not t[0] and t[1]), default=[0, m, 0])
    first = min((t for t in parts if t[0]), default=[m, 0, 0])
    if first[0] * second[1] * third[2] != m * m:
        return None
    reduced = spglib.niggli_reduce(np.array([first, second, third]) / m @ lattice_A)
    return None if reduced is None else np.asarray(reduced, dtype=np.float64)


def _in_cells(
    crystals: Sequence[Crystal], lattices_A: Mapping[int, FloatArray], kept: Sequence[BoolArray]
) -> list[Crystal]:
    """Crystals with what is kept of their atoms in smaller cells, where there are any."""
    primitive = list(crystals)
    if lattices_A:
        inverses = np.linalg.inv(np.stack(list(lattices_A.values())))
        for (i, lattice_A), inverse in zip(lattices_A.items(), inverses, strict=True):
            frac = crystals[i].cart_coords_A[kept[i]] @ inverse
            primitive[i] = Crystal(lattice_A, frac % 1.0 % 1.0, crystals[i].numbers[kept[i]])
    return primitive
