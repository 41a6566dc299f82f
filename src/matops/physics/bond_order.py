"""Bond-orientational order: how the directions to an atom's neighbours are arranged."""

import numpy as np

from matops.physics.arrays import FloatArray

ATOMS_AT_ONCE = 128
"""So many atoms' pairs of neighbours stay in a processor's cache from degree to degree."""


def bond_order(directions: FloatArray, shares: FloatArray, largest_degree: int) -> FloatArray:
    """Rotation-invariant order parameters Q_l of each atom's neighbourhood, l = 1 .. L.

    With the addition theorem of spherical harmonics, no harmonic is ever computed::

        Q_l² = (4π / (2l + 1)) Σ_m |Σ_j p_j Y_lm(n_j)|² = Σ_j Σ_k p_j p_k P_l(n_j · n_k)

    Args:
        directions: unit vectors to the neighbours, shape (n_atoms, n_neighbours, 3).
        shares: weights p_j, shape (n_atoms, n_weightings, n_neighbours): each row of neighbours
            adds up to one. Several weightings cost little more than one.
        largest_degree: L, at least 1.

    Returns:
        Shape (n_atoms, n_weightings, L), between 0 and 1.

    Source: Steinhardt, Nelson and Ronchetti, Phys. Rev. B 28, 784 (1983), eq. 1.3; weighted as in
    Mickel et al., J. Chem. Phys. 138, 044501 (2013), eq. 5.
    """
    n_atoms, n_weightings = shares.shape[:2]
    order = np.empty((n_atoms, n_weightings, largest_degree))
    for first in range(0, n_atoms, ATOMS_AT_ONCE):
        some = slice(first, first + ATOMS_AT_ONCE)
        _squares(directions[some], shares[some], order[some])
    return np.sqrt(np.maximum(order, 0.0, out=order), out=order)


def _squares(directions: FloatArray, shares: FloatArray, squares: FloatArray) -> None:
    """Write Q_l² of some atoms into an array of shape (n_atoms, n_weightings, L)."""
    cosine = directions @ directions.transpose(0, 2, 1)
    np.clip(cosine, -1.0, 1.0, out=cosine)
    before, now, spare = np.ones_like(cosine), cosine.copy(), np.empty_like(cosine)
    weighted = np.empty_like(shares)
    for degree in range(1, squares.shape[2] + 1):
        np.matmul(shares, now, out=weighted)
        np.multiply(weighted, shares, out=weighted).sum(axis=2, out=squares[:, :, degree - 1])
        # Bonnet's recursion for the Legendre polynomials.
        np.multiply(cosine, 2 * degree + 1, out=spare)
        spare *= now
        before *= degree
        spare -= before
        spare /= degree + 1
        before, now, spare = now, spare, before
