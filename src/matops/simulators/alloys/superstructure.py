"""Superstructures: ordered decorations of the sites of a simple parent crystal."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from matops.physics.arrays import FloatArray
from matops.simulators.alloys.prototype import Prototype, Rows

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Parent:
    """A parent crystal, all of whose sites are alike."""

    axes: Rows  # (3, 3) conventional cell as rows, in units of its first edge
    sites: tuple[Point, ...]  # sites in one conventional cell, in fractions of the axes


_CUBIC: Rows = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def _hexagonal(c_over_a: float) -> Rows:
    return ((1.0, 0.0, 0.0), (-0.5, float(np.sqrt(0.75)), 0.0), (0.0, 0.0, c_over_a))


FCC = Parent(_CUBIC, ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)))
BCC = Parent(_CUBIC, ((0, 0, 0), (0.5, 0.5, 0.5)))
HCP = Parent(_hexagonal(float(np.sqrt(8 / 3))), ((0, 0, 0), (2 / 3, 1 / 3, 1 / 2)))
DHCP = Parent(
    _hexagonal(2 * float(np.sqrt(8 / 3))),
    ((0, 0, 0), (2 / 3, 1 / 3, 1 / 4), (0, 0, 1 / 2), (1 / 3, 2 / 3, 3 / 4)),
)


def superstructure(
    designation: str,
    space_group: int,
    parent: Parent,
    cell: ArrayLike,
    minority: Mapping[Point, str],
    relabelings: tuple[str, ...] = (),
) -> Prototype:
    """Decorate a parent crystal: the named sites take their label, all others are A.

    ``cell`` has the (3, 3) primitive cell of the superstructure, rows in fractions of the parent's
    axes; ``minority`` the label of each site that is not A, by its position in those fractions.
    For the rest see ``Prototype``.
    """
    rows = np.asarray(cell, dtype=np.float64)
    coords = _sites_in_cell(parent, rows)
    labels = ["A"] * len(coords)
    for point, label in minority.items():
        labels[_index_of(np.array(point) @ np.linalg.inv(rows), coords)] = label
    return Prototype(
        designation=designation,
        space_group=space_group,
        lattice=_as_rows(rows @ np.array(parent.axes)),
        frac_coords=_as_rows(coords),
        labels="".join(labels),
        relabelings=relabelings,
    )


def fcc_layers(
    designation: str,
    space_group: int,
    plane: tuple[int, int, int],
    sequence: str,
    relabelings: tuple[str, ...] = (),
) -> Prototype:
    """Stack pure fcc planes of the given species, e.g. AB along [001] for L1_0.

    ``plane`` has the indices of the shortest reciprocal vector of the fcc lattice normal to the
    planes, all even or all odd, e.g. (0, 0, 2); ``sequence`` the labels of successive planes, one
    period. For the rest see ``Prototype``.
    """
    period = len(sequence)
    vectors = _short_fcc_vectors(period)
    heights = np.rint(vectors @ plane).astype(int)
    cell = _shortest_basis(vectors[heights % period == 0], period / 4)
    layer_points = {height: vectors[heights % period == height][0] for height in range(period)}
    minority = {
        (float(x), float(y), float(z)): sequence[height]
        for height, (x, y, z) in layer_points.items()
        if sequence[height] != "A"
    }
    return superstructure(designation, space_group, FCC, cell, minority, relabelings)


def _sites_in_cell(parent: Parent, cell: FloatArray) -> FloatArray:
    """Fractional coordinates, in [0, 1), of all sites of the parent inside a supercell."""
    reach = range(-int(np.abs(cell).sum()) - 1, int(np.abs(cell).sum()) + 2)
    translations = np.array(list(product(reach, repeat=3)), dtype=np.float64)
    points = (translations[:, None, :] + np.array(parent.sites)).reshape(-1, 3)
    coords = points @ np.linalg.inv(cell)
    return np.asarray(coords[np.all((coords > -1e-9) & (coords < 1 - 1e-9), axis=1)])


def _index_of(point: FloatArray, coords: FloatArray) -> int:
    offsets = coords - point
    matches = np.flatnonzero(np.abs(offsets - np.round(offsets)).max(axis=1) < 1e-9)
    if len(matches) != 1:
        raise ValueError(f"{point} is not a site of the parent crystal")
    return int(matches[0])


def _short_fcc_vectors(period: int) -> FloatArray:
    """Vectors of the fcc lattice in units of its edge, out to one period, shortest first."""
    halves = np.array(list(product(range(-period, period + 1), repeat=3)))
    vectors = halves[halves.sum(axis=1) % 2 == 0] / 2
    return np.asarray(vectors[np.argsort(np.linalg.norm(vectors, axis=1), kind="stable")])


def _shortest_basis(vectors: FloatArray, volume: float) -> FloatArray:
    """The three shortest independent vectors; in three dimensions they span the lattice."""
    basis: list[FloatArray] = []
    for vector in vectors:
        if np.linalg.matrix_rank([*basis, vector]) > len(basis):
            basis.append(vector)
        if len(basis) == 3:
            break
    cell = np.array(basis)
    if not np.isclose(abs(np.linalg.det(cell)), volume):
        raise ValueError("the plane is not a shortest reciprocal vector of the fcc lattice")
    return cell


def _as_rows(matrix: FloatArray) -> Rows:
    return tuple((float(x), float(y), float(z)) for x, y, z in matrix)
