"""Orientations of the standard triangle of cubic crystals."""

from itertools import islice
from math import gcd

from matops.simulators.lammps.surfaces.lattice import Miller


def standard_triangle(count: int) -> list[Miller]:
    """The surfaces h ≥ k ≥ l ≥ 0 of lowest h² + k² + l²; those of equal sums by their indices."""
    reach = 2
    while len(found := _within(reach)) < count:
        reach *= 2
    return list(islice(found, count))


def _within(reach: int) -> list[Miller]:
    """All whose squares sum up to at most reach²: no lower one is left out."""
    found = [
        (h, k, l)
        for h in range(1, reach + 1)
        for k in range(h + 1)
        for l in range(k + 1)  # noqa: E741
        if gcd(h, k, l) == 1 and h * h + k * k + l * l <= reach * reach
    ]
    return sorted(found, key=lambda hkl: (sum(i * i for i in hkl), hkl))
