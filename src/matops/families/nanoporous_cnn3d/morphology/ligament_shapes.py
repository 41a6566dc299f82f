"""Diameters of ligaments and nodes, and curvature of ligaments. Lengths are in voxels."""

from dataclasses import dataclass

import numpy as np

from matops.families.nanoporous_cnn3d.morphology.ligaments import LigamentNetwork
from matops.physics.arrays import FloatArray


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation, in the unit of the values."""

    mean: float
    deviation: float


def spread(values: FloatArray, weights: FloatArray | None = None, otherwise: float = 0.0) -> Spread:
    """Mean and standard deviation of a population, shape (n,), with weights of the same shape.

    Without any value the mean is ``otherwise`` and the deviation zero.
    """
    if not len(values):
        return Spread(otherwise, 0.0)
    mean = np.average(values, weights=weights)
    variance = np.average((values - mean) ** 2, weights=weights)
    return Spread(float(mean), float(np.sqrt(variance)))


def ligament_diameters(network: LigamentNetwork) -> FloatArray:
    """Local diameters along the centre lines, outside the spheres inscribed at the nodes, voxels.

    Of all points where the spheres leave none; empty without a ligament.
    """
    outside = np.ones(len(network.points), dtype=np.bool_)
    for side, ends in enumerate((network.first[:-1], network.last)):
        reach = network.node_radii[network.ends[:, side]][network.owner]
        centre = network.points[ends][network.owner]
        outside &= np.linalg.norm(network.points - centre, axis=1) > reach
    return 2 * (network.radii[outside] if outside.any() else network.radii)


def neck_diameters(network: LigamentNetwork) -> FloatArray:
    """Smallest diameter of each ligament, shape (n_ligaments,), voxels."""
    if not len(network.ends):
        return np.zeros(0)
    return np.asarray(2 * np.minimum.reduceat(network.radii, network.first[:-1]))


def node_diameters(network: LigamentNetwork) -> FloatArray:
    """Diameters of the spheres inscribed where at least three ligaments meet, voxels."""
    return np.asarray(2 * network.node_radii[network.coordination > 2])


def ligament_curvature(network: LigamentNetwork) -> Spread:
    """Turning angle per length over all ligaments, rad per voxel, each counted by its length.

    At most 1: a grid shows no tighter turn.
    """
    segments, lengths = network.segments, network.lengths
    joined = np.flatnonzero(np.diff(segments.owner) == 0)
    cosines = (segments.tangents[joined] * segments.tangents[joined + 1]).sum(axis=1)
    angles = np.arccos(np.clip(cosines, -1.0, 1.0))
    turned = np.bincount(segments.owner[joined], angles, minlength=len(lengths))
    return spread(np.minimum(turned / lengths, 1.0), weights=lengths)
