"""Bond-orientational order: how the directions to an atom's neighbours are arranged."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


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

    Source:
        Steinhardt, Nelson and Ronchetti, Phys. Rev. B 28, 784 (1983), eq. 1.3; weighted as in
        Mickel et al., J. Chem. Phys. 138, 044501 (2013), eq. 5.
    """
    cosine = np.clip(directions @ directions.transpose(0, 2, 1), -1.0, 1.0)
    before, now = np.ones_like(cosine), cosine
    squares = []
    for degree in range(1, largest_degree + 1):
        squares.append(((shares @ now) * shares).sum(axis=2))
        # Bonnet's recursion for the Legendre polynomials.
        following = ((2 * degree + 1) * cosine * now - degree * before) / (degree + 1)
        before, now = now, following
    return np.asarray(np.sqrt(np.maximum(np.stack(squares, axis=2), 0.0)))
