"""Descriptors for the domain of applicability: cheap, and the same for a shifted structure."""

from collections.abc import Sequence

import numpy as np

from matops.core.quality.domain import Descriptors
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal
from matops.physics.arrays import FloatArray

LAGS = (1, 2, 3, 4, 6, 8)
"""Distances of the two-point correlation, in voxels of a twentieth of the cell."""

DESCRIPTORS = (
    "solid fraction",
    "log edge of the cell",
    *(
        f"correlation at {lag}/20, {axis} axis"
        for axis in ("weakest", "middle", "strongest")
        for lag in LAGS
    ),
)
"""The columns of :func:`describe`; axes come by their correlation at the first lag."""

CELL_WEIGHT = 20.0
"""Of the logarithm of the cell's edge: where all training cells are alike, a cell that is larger by
a third is as far as structures of one kind are from each other."""


def two_point_correlation(density: FloatArray) -> FloatArray:
    """Correlation of the density with itself along x, y, z, shape (3, 20)."""
    centred = density - density.mean()
    power = np.abs(np.fft.fftn(centred)) ** 2
    correlation = np.fft.ifftn(power).real / centred.size
    return np.stack([correlation[:, 0, 0], correlation[0, :, 0], correlation[0, 0, :]])


def describe(samples: Sequence[NanoporousMetal]) -> Descriptors:
    """The columns of ``DESCRIPTORS``; turning a structure by a right angle doesn't move it."""
    vectors = np.stack([_vector(sample) for sample in samples])
    return Descriptors(vectors, [frozenset({sample.metal}) for sample in samples])


def _vector(sample: NanoporousMetal) -> FloatArray:
    correlation = two_point_correlation(sample.overview)[:, LAGS]
    ordered = correlation[np.argsort(correlation[:, 0])]
    return np.array([sample.solid_fraction, CELL_WEIGHT * np.log(sample.cell_A), *ordered.ravel()])
