"""Which pores carry anything: those that reach both faces, and of these the ones on a way through.

Pores touch by their faces (4 neighbours of a pixel, 6 of a voxel), as fluxes of finite volumes do.
"""

import numpy as np
from scipy.ndimage import label

from matops.physics.arrays import BoolArray


def spanning_pores(pores: BoolArray, axis: int) -> BoolArray:
    """The pores that are connected with both faces normal to ``axis``; any dimension."""
    numbered, _ = label(pores)
    first, last = (np.take(numbered, end, axis) for end in (0, -1))
    both = np.intersect1d(first[first > 0], last[last > 0])
    spans = np.zeros(int(numbered.max()) + 1, dtype=bool)
    spans[both] = True
    return np.asarray(spans[numbered])


def without_dead_ends(pores: BoolArray, axis: int) -> BoolArray:
    """Spanning pores without the blind ones: a pore with one neighbour carries no flux.

    They are taken away until none is left, so that what remains is loops and ways between the
    faces. A wide pocket with a narrow mouth is a loop in this sense, and stays.
    """
    kept = spanning_pores(pores, axis)
    while True:
        padded = np.pad(kept, 1)
        # Beyond the two faces the reservoirs begin: they are neighbours, too.
        ends = [slice(1, -1)] * kept.ndim
        for end in (0, -1):
            ends[axis] = slice(end, None) if end else slice(0, 1)
            padded[tuple(ends)] = True
        inner = tuple(slice(1, -1) for _ in range(kept.ndim))
        neighbours = sum(
            np.roll(padded, step, axis=a)[inner].astype(np.int8)
            for a in range(kept.ndim)
            for step in (1, -1)
        )
        blind = kept & (neighbours < 2)
        if not blind.any():
            return kept
        kept = kept & ~blind
