"""What follows from a property along each axis of a sample."""

import numpy as np

from matops.physics.arrays import FloatArray


def mean_and_anisotropy(along_axes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean over the axes, and largest less smallest over that mean; a negative one counts as zero.

    ``along_axes`` has shape (axes, ...); both answers have the rest of it. Where the mean is zero,
    so is the anisotropy.
    """
    physical = np.maximum(along_axes, 0.0)
    mean = physical.mean(axis=0)
    return mean, np.ptp(physical, axis=0) / np.maximum(mean, np.finfo(float).tiny)
