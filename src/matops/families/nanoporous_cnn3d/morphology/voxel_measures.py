"""What counts and sums over the voxels of a periodic solid say. Lengths are in voxels.

All are exactly unchanged by periodic shifts and mirrors, and follow a swap of axes.
"""

from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import numpy as np
from scipy.ndimage import gaussian_filter, label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matops.physics.arrays import BoolArray, FloatArray

SURFACE_BLUR = 1.0
"""Standard deviation of the Gaussian that gives a surface its direction, voxels."""


def euler_characteristic(solid: BoolArray) -> int:
    """χ of a periodic solid: voxels − touching pairs + squares of four − cubes of eight.

    Voxels touch by their faces. A solid of one piece without a cavity has 1 − χ independent loops,
    those that close through the cell's faces among them.
    """
    total = 0
    for size in range(4):
        for axes in combinations(range(3), size):
            full = reduce(lambda block, axis: block & np.roll(block, 1, axis), axes, solid)
            total += (-1) ** size * int(full.sum())
    return total


def count_pieces(solid: BoolArray) -> int:
    """Pieces of a periodic solid; voxels touch by their faces."""
    labels, count = label(solid)
    seams = []
    for axis in range(3):
        faces = np.stack([np.take(labels, 0, axis).ravel(), np.take(labels, -1, axis).ravel()])
        seams.append(faces[:, (faces > 0).all(axis=0)] - 1)
    first, second = np.concatenate(seams, axis=1)
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    return int(connected_components(graph, directed=False)[0]) if count else 0


@dataclass(frozen=True)
class Surface:
    """The surface of a periodic solid."""

    area: float  # voxels²
    # mean squared cosine between its normal and x, y, z, shape (3,); a third each where there is no
    # surface
    facing: FloatArray


def measure_surface(solid: BoolArray) -> Surface:
    """Area and direction of the surface, from ∫|∇ρ| dV of the slightly blurred solid ρ.

    That is the mean area of the blurred solid's level surfaces. Against the surface itself it is
    wrong only in the second order of blur over radius of curvature; a mesh of the blurred solid is
    in the first, and the voxels' faces are half too many whatever the resolution.

    Source: coarea formula, Federer, Trans. Am. Math. Soc. 93, 418 (1959).
    """
    density = gaussian_filter(solid.astype(np.float64), SURFACE_BLUR, mode="wrap")
    slopes = [(np.roll(density, -1, axis) - np.roll(density, 1, axis)) / 2 for axis in range(3)]
    steepness = np.sqrt(sum(slope**2 for slope in slopes))
    area = float(steepness.sum())
    if area < 1e-9:
        return Surface(0.0, np.full(3, 1 / 3))
    steep = np.maximum(steepness, 1e-12)
    return Surface(area, np.array([(slope**2 / steep).sum() / area for slope in slopes]))


def mean_chords(solid: BoolArray) -> FloatArray:
    """Mean length of the solid's intercepts with lines along x, y, z, shape (3,), voxels.

    A line all in the solid counts as one intercept as long as the cell; zero without solid.
    """
    ends = [(solid & ~np.roll(solid, 1, axis)).sum() for axis in range(3)]
    whole = [solid.all(axis=axis).sum() for axis in range(3)]
    return np.asarray(solid.sum() / np.maximum(np.add(ends, whole), 1), dtype=np.float64)


def section_shares(solid: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Smallest and harmonic mean solid share of the sections normal to x, y, z, each shape (3,).

    The harmonic mean bounds the conductivity along the axis: the sections in series, each as
    good as its area. Zero where a section has no solid.
    """
    others = [tuple(k for k in range(3) if k != axis) for axis in range(3)]
    shares = np.array([solid.mean(axis=pair) for pair in others])
    smallest = shares.min(axis=1)
    harmonic = 1 / np.mean(1 / np.maximum(shares, 1e-12), axis=1)
    return smallest, np.where(smallest > 0, harmonic, 0.0)


def solid_columns(solid: BoolArray) -> FloatArray:
    """Share of the lines of voxels along x, y, z that are solid throughout, shape (3,)."""
    return np.array([solid.all(axis=axis).mean() for axis in range(3)])
