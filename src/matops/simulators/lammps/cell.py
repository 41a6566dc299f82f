"""The cell that LAMMPS wants and its relation to the crystal's own frame."""

from dataclasses import dataclass

import numpy as np
from ase.geometry import minkowski_reduce

from matops.physics.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class StandardCell:
    """A lattice in the frame of LAMMPS, lattice = basis⁻¹ @ box @ turn.

    LAMMPS needs the first lattice vector along x and the second in the xy plane, and works badly
    in skewed cells. So the lattice is first given a compact basis, then turned.
    """

    basis: IntArray  # (3, 3) integer matrix of determinant ±1; the compact basis is basis @ lattice
    box_A: FloatArray  # (3, 3) lower-triangular compact lattice with a positive diagonal, rows in Å
    # (3, 3) orthogonal matrix; row vectors return to the crystal's frame as rows @ turn. It is
    # improper for left-handed lattices, which neither the energy of a pair functional nor a tensor
    # of even rank can tell
    turn: FloatArray

    def to_box_coords(self, frac_coords: FloatArray) -> FloatArray:
        """Fractional coordinates (n, 3) in the box, wrapped into [0, 1)."""
        return wrap(frac_coords @ np.linalg.inv(self.basis))

    def to_crystal_coords(self, box_coords: FloatArray) -> FloatArray:
        """Fractional coordinates (n, 3) in the crystal's own basis, wrapped into [0, 1)."""
        return wrap(box_coords @ self.basis)

    def to_crystal_lattice(self, box_A: FloatArray) -> FloatArray:
        """Lattice (3, 3) in Å, in the crystal's basis and frame, of a deformed box."""
        return np.asarray(np.linalg.solve(self.basis.astype(np.float64), box_A @ self.turn))


def compact_basis(lattice_A: FloatArray) -> IntArray:
    """Integer (3, 3) change of basis that makes a lattice (rows, Å) Minkowski-reduced."""
    basis = minkowski_reduce(lattice_A)[1]  # type: ignore[no-untyped-call]
    return np.asarray(basis, dtype=np.int64)


def standard_cell(lattice_A: FloatArray, basis: IntArray) -> StandardCell:
    """Bring a lattice (rows, Å) to the frame of LAMMPS, in the given compact basis."""
    orthogonal, upper = np.linalg.qr((basis @ lattice_A).T)
    signs = np.sign(np.diag(upper))
    return StandardCell(basis=basis, box_A=upper.T * signs, turn=(orthogonal * signs).T)


def wrap(frac_coords: FloatArray) -> FloatArray:
    """Wrap fractional coordinates into [0, 1), and those a rounding error below 1 to 0."""
    wrapped = frac_coords % 1.0
    return np.asarray(np.where(wrapped > 1.0 - 1e-12, 0.0, wrapped))
