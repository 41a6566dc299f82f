"""The trilinear cube element: its stiffness and its conduction matrix."""

from itertools import product

import numpy as np

from matops.physics.arrays import FloatArray

CORNERS = np.array(list(product((0, 1), repeat=3)))
"""The corners of a unit cube, shape (8, 3); the order of nodes in every element matrix."""

_GAUSS = (0.5 - 0.5 / np.sqrt(3.0), 0.5 + 0.5 / np.sqrt(3.0))


def shape_gradients(point: FloatArray) -> FloatArray:
    """Gradients of the eight trilinear shape functions at a point of the cube, shape (8, 3)."""
    value = np.where(CORNERS == 1, point, 1.0 - point)
    slope = np.where(CORNERS == 1, 1.0, -1.0)
    others = np.stack([value[:, (i + 1) % 3] * value[:, (i + 2) % 3] for i in range(3)], axis=1)
    return np.asarray(slope * others)


def strain_matrix(gradients: FloatArray) -> FloatArray:
    """From nodal displacements to strain in Voigt order (xx, yy, zz, yz, xz, xy), shape (6, 24).

    Shear strains are engineering strains; displacements run node by node.
    """
    matrix = np.zeros((6, 8, 3))
    for i in range(3):
        matrix[i, :, i] = gradients[:, i]
    for row, (i, j) in enumerate(((1, 2), (0, 2), (0, 1)), start=3):
        matrix[row, :, i] = gradients[:, j]
        matrix[row, :, j] = gradients[:, i]
    return matrix.reshape(6, 24)


def stiffness_element(stiffness_GPa: FloatArray) -> FloatArray:
    """∫ Bᵀ C B over the unit cube, shape (24, 24), GPa, for C (6, 6) in Voigt order.

    Two Gauss points an axis are exact.
    """
    strains = [strain_matrix(shape_gradients(np.array(p))) for p in product(_GAUSS, repeat=3)]
    return np.asarray(sum(b.T @ stiffness_GPa @ b for b in strains)) / 8.0


def conduction_element() -> FloatArray:
    """∫ ∇Nᵀ ∇N over the unit cube for unit conductivity, shape (8, 8)."""
    gradients = [shape_gradients(np.array(p)) for p in product(_GAUSS, repeat=3)]
    return np.asarray(sum(g @ g.T for g in gradients)) / 8.0
