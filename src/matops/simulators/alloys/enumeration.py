"""All distinct alloys of the catalogue, and balanced samples of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

import numpy as np
from ase.data import atomic_numbers

from matops.physics.arrays import FloatArray, IntArray
from matops.simulators.alloys.catalogue import PROTOTYPES
from matops.simulators.alloys.prototype import Prototype

FCC_LATTICE_A = {"Ag": 4.09, "Au": 4.08, "Cu": 3.615, "Ni": 3.52, "Pd": 3.89, "Pt": 3.92}
"""Lattice constants of the fcc metals in Å.

Source: S. M. Foiles, M. I. Baskes, M. S. Daw, Phys. Rev. B 33, 7983 (1986), and the headers of the
potential files.
"""


@dataclass(frozen=True, eq=False)
class Alloy:
    """An unrelaxed ordered alloy."""

    name: str  # designation and formula, e.g. ``L1_2 Cu3Au``; unique
    species: tuple[str, ...]  # n chemical symbols
    lattice_A: FloatArray  # (3, 3) lattice vectors as rows, in Å
    frac_coords: FloatArray  # (n, 3) fractional coordinates
    numbers: IntArray  # (n,) atomic numbers


def build_alloy(prototype: Prototype, elements: tuple[str, ...]) -> Alloy:
    """Put elements on the labels A, B, C, ... of a prototype.

    The volume per atom is that of an fcc crystal whose lattice constant follows Vegard's law, for
    every prototype: metals keep their volume from one structure to another far better than any
    one length. There is one element per label, out of ``FCC_LATTICE_A``.
    """
    by_label = dict(zip("ABCDEF", elements, strict=False))
    species = tuple(by_label[label] for label in prototype.labels)
    fcc_A = float(np.mean([FCC_LATTICE_A[name] for name in species]))
    return Alloy(
        name=f"{prototype.designation} {_formula(prototype, elements)}",
        species=species,
        lattice_A=prototype.lattice_A(fcc_A**3 / 4),
        frac_coords=np.array(prototype.frac_coords),
        numbers=np.array([atomic_numbers[name] for name in species], dtype=np.int64),
    )


def enumerate_alloys(count: int | None = None, seed: int = 0) -> Iterator[Alloy]:
    """Yield distinct alloys, the pure elements first.

    All, in the order of the catalogue; or a sample of ``count``, in which prototypes take turns and
    each gives its alloys in random order.

    Raises:
        ValueError: if there are fewer alloys than asked for.
    """
    groups = [
        [(prototype, elements) for elements in prototype.assignments(tuple(FCC_LATTICE_A))]
        for prototype in PROTOTYPES
    ]
    if count is None:
        chosen = [choice for group in groups for choice in group]
    else:
        chosen = list(islice(_in_turns(groups, seed), count))
        if len(chosen) < count:
            raise ValueError(f"asked for {count} alloys, but there are only {len(chosen)}")
    return (build_alloy(prototype, elements) for prototype, elements in chosen)


def _in_turns(
    groups: list[list[tuple[Prototype, tuple[str, ...]]]], seed: int
) -> Iterator[tuple[Prototype, tuple[str, ...]]]:
    """The first group, pure fcc metals, as it stands; then one of each other group in turn."""
    rng = np.random.default_rng(seed)
    pure, *others = groups
    yield from pure
    shuffled = [[group[i] for i in rng.permutation(len(group))] for group in others]
    for one_of_each in zip_longest(*shuffled):
        yield from (choice for choice in one_of_each if choice is not None)


def _formula(prototype: Prototype, elements: tuple[str, ...]) -> str:
    counts = np.array(prototype.label_counts)
    reduced = (counts // np.gcd.reduce(counts)).tolist()
    pairs = zip(elements, reduced, strict=True)
    return "".join(f"{element}{count if count > 1 else ''}" for element, count in pairs)
