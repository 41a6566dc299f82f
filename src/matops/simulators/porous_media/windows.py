"""Conductances of small windows of pores, for every pattern that there is."""

from functools import cache

import numpy as np

from matops.physics.arrays import BoolArray, FloatArray, IntArray
from matops.simulators.porous_media.diffusion import TO_A_FACE

EDGE = 4
"""Pixels along an edge of a block and of the window between the middles of two blocks."""
AT_ONCE = 4096
GROUND = 1e-9
"""Added to each balance, so that pores that touch nothing have one; changes nothing else."""
LEAST = 1e-6
"""Conductances below it are rounding: such a window leads nowhere."""


def window_code(windows: BoolArray) -> IntArray:
    """The number of each window's pattern, shape (n,), from pores of shape (n, rows, columns)."""
    flat = windows.reshape(len(windows), -1)
    return np.asarray(flat @ (1 << np.arange(flat.shape[1] - 1, -1, -1)), dtype=np.int64)


@cache
def window_conductances(columns: int) -> FloatArray:
    """Conductance from the left to the right edge of windows of 4 rows, shape (2^(4 columns),).

    Both edges have one concentration each, no flux leaves through the others: finite volumes as in
    :func:`~matops.simulators.porous_media.diffusion.effective_diffusivity`, all patterns at once.

    Source: Warren and Price, Soc. Petrol. Eng. J. 1, 153 (1961): upscaling with sealed sides.
    """
    cells = EDGE * columns
    codes = np.arange(1 << cells)
    shifts = np.arange(cells - 1, -1, -1)
    parts = [
        _conductances(((part[:, None] >> shifts) & 1).reshape(-1, EDGE, columns).astype(float))
        for part in np.array_split(codes, max(1, len(codes) // AT_ONCE))
    ]
    conductances = np.concatenate(parts)
    return np.where(conductances < LEAST, 0.0, conductances)


def _conductances(pores: FloatArray) -> FloatArray:
    """Those of some windows, 1 a pore, shape (n, rows, columns)."""
    n, rows, columns = pores.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    matrix = np.zeros((n, number.size, number.size))
    for axis in (0, 1):
        one, other = (
            np.moveaxis(number, axis, 0)[part].ravel() for part in (slice(-1), slice(1, None))
        )
        flat = pores.reshape(n, -1)
        joined = flat[:, one] * flat[:, other]
        for a, b in ((one, other), (other, one)):
            matrix[:, a, b] -= joined
            # Several pairs may share a pore: one place after the other.
            for k, place in enumerate(a):
                matrix[:, place, place] += joined[:, k]
    for column in (0, columns - 1):
        at_edge = number[:, column]
        matrix[:, at_edge, at_edge] += TO_A_FACE * pores[:, :, column]
    own = number.ravel()
    matrix[:, own, own] += GROUND
    load = np.zeros((n, number.size, 1))
    load[:, number[:, 0], 0] = TO_A_FACE * pores[:, :, 0]
    field = np.linalg.solve(matrix, load)[..., 0]
    at_outlet = field[:, number[:, -1]] * pores[:, :, -1]
    return np.asarray(TO_A_FACE * at_outlet.sum(axis=1))
