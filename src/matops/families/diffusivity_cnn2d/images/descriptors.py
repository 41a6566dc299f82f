"""Numbers that say what an image is like: for the domain, for networks, for trees beside them."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt, label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from matops.core.quality.domain import Descriptors
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage
from matops.physics.arrays import BoolArray, FloatArray
from matops.simulators.porous_media.connectivity import spanning_pores, without_dead_ends

LAGS = (1, 2, 4, 8, 16)
"""Distances of the two-point correlation, pixels."""

DESCRIPTORS = (
    "porosity",
    "perimeter a pixel",
    "spanning porosity, larger axis",
    "spanning porosity, smaller axis",
    *(f"correlation at {lag} pixels, {axis} axis" for axis in ("x", "y") for lag in LAGS),
)
"""The columns of :func:`describe`; none knows the size of the image."""

AXIS_DESCRIPTORS = (
    "porosity",
    "spanning porosity",
    "porosity without blind pores",
    "perimeter a pixel",
    "perimeter across the flux a pixel",
    "mean wall distance",
    "largest wall distance",
    "narrowest column",
    "columns in series",
    "open rows",
    "shortest tortuosity",
    "mean tortuosity",
    "radius of the bottleneck",
    "reachable share",
)
"""The columns of :func:`axis_descriptors`; distances in 128ths of the image's length."""
REFERENCE_PIXELS = 128


def describe(samples: Sequence[PoreImage]) -> Descriptors:
    """The columns of ``DESCRIPTORS``."""
    vectors = np.stack([_vector(sample.pores) for sample in samples])
    return Descriptors(vectors, [frozenset({"pores and solid"})] * len(samples))


def _vector(pores: BoolArray) -> FloatArray:
    spanning = sorted((float(spanning_pores(pores, axis).mean()) for axis in (1, 0)), reverse=True)
    return np.array(
        [pores.mean(), _perimeter(pores), *spanning, *_correlations(pores), *_correlations(pores.T)]
    )


def _correlations(pores: BoolArray) -> list[float]:
    """Correlation of pixels so many columns apart, over the variance."""
    centred = pores - pores.mean()
    variance = max(float((centred**2).mean()), 1e-9)
    return [
        float((centred[:, :-lag] * centred[:, lag:]).mean() / variance)
        if lag < pores.shape[1]
        else 0.0
        for lag in LAGS
    ]


def _perimeter(pores: BoolArray) -> float:
    across, along = (np.diff(pores, axis=axis).sum() for axis in (0, 1))
    return float(across + along) / pores.size


def axis_descriptors(pores: BoolArray) -> FloatArray:
    """What a flux along x has to do with, shape (14,).

    Of an image that nothing spans, tortuosities and the bottleneck are those of no way: 0.
    """
    unit = REFERENCE_PIXELS / pores.shape[1]
    # Walls above and below, reservoirs at both ends.
    distance = distance_transform_edt(np.pad(pores, ((1, 1), (0, 0))))[1:-1]
    spanning = spanning_pores(pores, 1)
    columns = pores.mean(axis=0)
    shortest, mean, reachable = _ways(pores)
    return np.array(
        [
            pores.mean(),
            spanning.mean(),
            without_dead_ends(pores, 1).mean(),
            _perimeter(pores),
            np.diff(pores, axis=1).sum() / pores.size,
            unit * distance[pores].mean() if pores.any() else 0.0,
            unit * distance.max(),
            columns.min(),
            1 / np.mean(1 / columns) if columns.all() else 0.0,
            pores.all(axis=1).mean(),
            shortest,
            mean,
            unit * _bottleneck(distance) if spanning.any() else 0.0,
            reachable,
        ]
    )


def _ways(pores: BoolArray) -> tuple[float, float, float]:
    """Shortest and mean way from the left to the right face over the length; share reached.

    Steps lead to 4 neighbours; a face is reached from the middle of its pixels.
    """
    number = np.full(pores.shape, -1)
    count = int(pores.sum())
    number[pores] = np.arange(count)
    pairs = []
    for one, other in ((number[:, :-1], number[:, 1:]), (number[:-1], number[1:])):
        joined = (one >= 0) & (other >= 0)
        pairs.append(np.stack([one[joined], other[joined]]))
    first, last = number[:, 0][pores[:, 0]], number[:, -1][pores[:, -1]]
    inlet = np.stack([np.full(len(first), count), first])
    row, column = np.concatenate([*pairs, inlet], axis=1)
    graph = coo_array((np.ones(len(row)), (row, column)), shape=(count + 1, count + 1)).tocsr()
    steps = dijkstra(graph, directed=False, indices=np.array(count), unweighted=True)
    reachable = float(np.isfinite(steps[:count]).sum() / max(count, 1))
    ways = steps[last][np.isfinite(steps[last])] / pores.shape[1]
    return (
        (float(ways.min()), float(ways.mean()), reachable) if len(ways) else (0.0, 0.0, reachable)
    )


def _bottleneck(distance: FloatArray) -> float:
    """The largest radius of a disc that fits through, by bisection over the wall distances."""
    radii = np.unique(distance[distance > 0])
    low, high = 0, len(radii) - 1
    while low < high:
        middle = (low + high + 1) // 2
        numbered, _ = label(distance >= radii[middle])
        both = np.intersect1d(numbered[:, 0], numbered[:, -1])
        low, high = (middle, high) if both.max(initial=0) > 0 else (low, middle - 1)
    return float(radii[low])
