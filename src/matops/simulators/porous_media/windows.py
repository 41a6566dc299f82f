"""Conductances of small windows of pores, for every pattern that there is."""

from functools import cache
from math import prod

import numpy as np

from matops.physics.arrays import BoolArray, FloatArray, IntArray
from matops.simulators.porous_media.diffusion import TO_A_FACE

EDGE = 4
"""Pixels along an edge of a block and of the window between the middles of two blocks."""
VOLUME_EDGE = 2
"""The same of a volume, in voxels: with 4, a table of all patterns would have 2^64 rows."""
AT_ONCE = 4096
GROUND = 1e-9
"""Added to each balance, so that pores that touch nothing have one; changes nothing else."""
LEAST = 1e-6
"""Conductances below it are rounding: such a window leads nowhere."""


def window_code(windows: BoolArray) -> IntArray:
    """The number of each window's pattern, shape (n,), from pores of shape (n, rows, columns).

    Windows of volumes have one axis more; the last is that of the flux.
    """
    flat = windows.reshape(len(windows), -1)
    return np.asarray(flat @ (1 << np.arange(flat.shape[1] - 1, -1, -1)), dtype=np.int64)


@cache
def window_conductances(shape: tuple[int, ...]) -> FloatArray:
    """Conductance along the last axis of windows of a shape, one for each pattern, (2^cells,).

    The two ends have one concentration each, no flux leaves through the sides: finite volumes as in
    :func:`~matops.simulators.porous_media.diffusion.effective_diffusivity`, all patterns at once.

    Source: Warren and Price, Soc. Petrol. Eng. J. 1, 153 (1961): upscaling with sealed sides.
    """
    cells = prod(shape)
    codes = np.arange(1 << cells)
    shifts = np.arange(cells - 1, -1, -1)
    parts = [
        _conductances(((part[:, None] >> shifts) & 1).reshape(-1, *shape).astype(float))
        for part in np.array_split(codes, max(1, len(codes) // AT_ONCE))
    ]
    conductances = np.concatenate(parts)
    return np.where(conductances < LEAST, 0.0, conductances)


def _conductances(pores: FloatArray) -> FloatArray:
    """Those of some windows, 1 a pore, shape (n, rows, columns) or with one axis more."""
    n, shape = len(pores), pores.shape[1:]
    number = np.arange(prod(shape)).reshape(shape)
    matrix = np.zeros((n, number.size, number.size))
    flat = pores.reshape(n, -1)
    for axis in range(number.ndim):
        one, other = (
            np.moveaxis(number, axis, 0)[part].ravel() for part in (slice(-1), slice(1, None))
        )
        joined = flat[:, one] * flat[:, other]
        for a, b in ((one, other), (other, one)):
            matrix[:, a, b] -= joined
            # Several pairs may share a pore: one place after the other.
            for k, place in enumerate(a):
                matrix[:, place, place] += joined[:, k]
    first, last = number[..., 0].ravel(), number[..., -1].ravel()
    for at_end in (first, last):
        matrix[:, at_end, at_end] += TO_A_FACE * flat[:, at_end]
    own = number.ravel()
    matrix[:, own, own] += GROUND
    load = np.zeros((n, number.size, 1))
    load[:, first, 0] = TO_A_FACE * flat[:, first]
    field = np.linalg.solve(matrix, load)[..., 0]
    return np.asarray(TO_A_FACE * (field[:, last] * flat[:, last]).sum(axis=1))
