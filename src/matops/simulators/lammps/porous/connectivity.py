"""Connectivity of a carved fcc crystal: its pieces, and the directions in which they percolate."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from matops.physics.arrays import BoolArray, FloatArray, IntArray

_HALF_OF_SHELL = ((0, 1, 1), (0, 1, -1), (1, 0, 1), (1, 0, -1), (1, 1, 0), (1, -1, 0))
"""Nearest neighbours of an fcc site in half lattice constants, one of each opposite two."""


@dataclass(frozen=True, eq=False)
class BondedAtoms:
    """Atoms on the fcc sites of a periodic cube and the bonds between nearest neighbours."""

    frac_coords: FloatArray  # (n, 3) fractional coordinates
    bonds: IntArray  # (m, 2) indices of bonded atoms, every bond once

    @property
    def graph(self) -> csr_array:
        """Sparse (n, n) adjacency with every bond once."""
        size = len(self.frac_coords)
        ones = np.ones(len(self.bonds), dtype=np.int8)
        return csr_array((ones, (self.bonds[:, 0], self.bonds[:, 1])), shape=(size, size))


@dataclass(frozen=True, eq=False)
class LargestPiece:
    """The largest piece of a solid."""

    atoms: BondedAtoms
    pieces: int  # of the solid, this one included
    share: float  # of the solid's atoms in this piece
    # in which it joins its periodic images: 2 for a plate, 1 for a rod, 0 for a lump
    endless_directions: int


def bond_atoms(occupied: BoolArray) -> BondedAtoms:
    """Bond the atoms that a grid of half lattice constants, as :func:`carve` gives it, holds."""
    n = len(occupied)
    points = np.argwhere(occupied)
    index = np.full(occupied.shape, -1)
    index[tuple(points.T)] = np.arange(len(points))
    bonds = []
    for step in _HALF_OF_SHELL:
        neighbours = index[tuple(((points + step) % n).T)]
        bonded = np.flatnonzero(neighbours >= 0)
        bonds.append(np.column_stack([bonded, neighbours[bonded]]))
    return BondedAtoms(points / n, np.vstack(bonds))


def largest_piece(solid: BondedAtoms) -> LargestPiece:
    """Cut the largest piece out of a solid of at least one atom."""
    pieces, labels = connected_components(solid.graph, directed=False)
    kept = labels == np.bincount(labels).argmax()
    new_index = np.cumsum(kept) - 1
    piece = BondedAtoms(
        frac_coords=solid.frac_coords[kept], bonds=new_index[solid.bonds[kept[solid.bonds[:, 0]]]]
    )
    return LargestPiece(piece, int(pieces), float(kept.mean()), _endless_directions(piece))


def bond_vectors(bonds: IntArray, frac_coords: FloatArray) -> FloatArray:
    """Fractional vectors (m, 3) from the first to the second atom of bonds, the shortest ones."""
    vectors = frac_coords[bonds[:, 1]] - frac_coords[bonds[:, 0]]
    return np.asarray(vectors - np.round(vectors))


def _endless_directions(piece: BondedAtoms) -> int:
    """Rank of the ways in which closed paths of bonds wind around the periodic cell.

    A tree of bonds unfolds the piece from its first atom into space; where a bond then joins an
    atom to the image of another, that image's cell is such a winding.
    """
    order, parents = breadth_first_order(piece.graph, 0, directed=False)
    branches = np.column_stack([parents[order[1:]], order[1:]]).astype(np.int64)
    unfolded = np.zeros_like(piece.frac_coords)
    steps = bond_vectors(branches, piece.frac_coords)
    for (parent, child), step in zip(branches.tolist(), steps, strict=True):
        unfolded[child] = unfolded[parent] + step
    first, second = piece.bonds.T
    across = unfolded[second] - unfolded[first] - bond_vectors(piece.bonds, piece.frac_coords)
    windings = np.unique(np.round(across), axis=0)
    return int(np.linalg.matrix_rank(windings)) if len(windings) else 0
