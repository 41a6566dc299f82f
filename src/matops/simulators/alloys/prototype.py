"""A prototype crystal: where the atoms sit, before it is said which."""

from collections import Counter
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from matops.physics.arrays import FloatArray

Rows = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Prototype:
    """An ordered structure with labelled sites; each label stands for one species."""

    designation: str  # Strukturbericht symbol or the common name, e.g. ``L1_2`` or ``MoPt2``
    space_group: int  # number of the space group in the International Tables
    lattice: Rows  # three lattice vectors as rows; only their shape counts, not their scale
    frac_coords: Rows  # fractional coordinates of the n sites
    labels: str  # n letters, one per site, out of A, B, C,
    # generators of the exchanges of labels that give the same crystal again, each written as the
    # letters that replace A, B, C, ... in turn. ``("BA",)`` says that the two species of an AB
    # compound may be swapped
    relabelings: tuple[str, ...] = ()

    @property
    def species_count(self) -> int:
        """Number of distinct species the prototype takes."""
        return len(set(self.labels))

    @property
    def label_counts(self) -> tuple[int, ...]:
        """Number of sites of each label, in alphabetical order."""
        return tuple(count for _, count in sorted(Counter(self.labels).items()))

    def lattice_A(self, volume_per_atom_A3: float) -> FloatArray:
        """Lattice (3, 3) in Å, rows, scaled to a volume per atom in Å³."""
        shape = np.array(self.lattice)
        volume_A3 = volume_per_atom_A3 * len(self.labels)
        return np.asarray(shape * np.cbrt(volume_A3 / abs(np.linalg.det(shape))))

    def assignments(self, species: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """All distinct ways of putting some of the given species on the labels A, B, C, ..."""
        orbit = self._relabeling_group()
        return tuple(
            chosen
            for chosen in permutations(sorted(species), self.species_count)
            if chosen == min(tuple(chosen[i] for i in order) for order in orbit)
        )

    def _relabeling_group(self) -> set[tuple[int, ...]]:
        identity = tuple(range(self.species_count))
        generators = [tuple(ord(c) - ord("A") for c in word) for word in self.relabelings]
        group, frontier = {identity}, [identity]
        while frontier:
            order = frontier.pop()
            for generator in generators:
                product = tuple(order[i] for i in generator)
                if product not in group:
                    group.add(product)
                    frontier.append(product)
        return group
