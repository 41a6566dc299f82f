"""A network of ligaments as a frame of beams and as a net of conductors.

Both are exact for the network and small enough for a direct solution: each ligament is condensed
to its two ends first. They say how well the ligaments are placed to carry load along an axis, and
nothing about the metal: stiffness is in units of Young's modulus.

Source: beams along the skeleton, with stiff nodes: Odermatt, Richert and Huber, Materials 13, 3307
(2020).
"""

import numpy as np
from scipy.sparse import coo_array, csc_array, identity
from scipy.sparse.linalg import splu

from matops.families.nanoporous_cnn3d.morphology.ligaments import LigamentNetwork
from matops.physics.arrays import FloatArray

POISSON_RATIO = 0.4
"""About that of the metals of this family; the answer hardly depends on it."""
SHEAR_CORRECTION = 0.9
"""Share of a circular cross-section that carries shear.

Source: Cowper, J. Appl. Mech. 33, 335 (1966).
"""
STIFF_SHARE = 0.6
"""Share of a node's inscribed radius within which ligaments are stiff."""
STIFFENING = 100.0
"""How much stiffer they are there: enough to be nearly rigid, and no risk to the arithmetic."""


def frame_stiffness(network: LigamentNetwork) -> FloatArray:
    """Stiffness C_ii/E of the network as a rigidly jointed frame, along x, y, z, shape (3,).

    Curved Timoshenko beams of varying circular cross-section under uniaxial strain, free to relax
    periodically; zero without a ligament.
    """
    if not len(network.ends):
        return np.zeros(3)
    stiffness: FloatArray = np.linalg.inv(_flexibility(network)).astype(np.float64)
    lever = np.tile(np.eye(6), (len(network.ends), 1, 1))
    lever[:, :3, 3:] = -_cross(network.spans)
    opening = np.zeros((len(network.ends), 6, 3))
    opening[:, range(3), range(3)] = network.spans
    relative = np.concatenate([-lever, np.broadcast_to(np.eye(6), lever.shape)], axis=2)
    return _relaxed(network, stiffness, relative, opening)


def network_conductance(network: LigamentNetwork) -> FloatArray:
    """Conductivity of the network over that of the solid, along x, y, z, shape (3,).

    What the frame would carry by axial forces alone, if they could turn corners.
    """
    if not len(network.ends):
        return np.zeros(3)
    segments = network.segments
    resistance = np.bincount(segments.owner, segments.lengths / segments.areas)
    relative = np.tile([[[-1.0, 1.0]]], (len(network.ends), 1, 1))
    return _relaxed(network, 1 / resistance[:, None, None], relative, network.spans[:, None])


def _flexibility(network: LigamentNetwork) -> FloatArray:
    """Movement of each ligament's end under unit forces and moments there, shape (n, 6, 6).

    The start is held. A force at the end bends every segment by its lever arm to it.
    """
    segments = network.segments
    area, length = segments.areas, segments.lengths / _node_stiffening(network)
    inertia = area**2 / (4 * np.pi)
    shear_modulus = 1 / (2 * (1 + POISSON_RATIO))
    along = segments.tangents[:, :, None] * segments.tangents[:, None, :]
    across = np.eye(3) - along
    in_shear, in_torsion = SHEAR_CORRECTION * shear_modulus * area, 2 * shear_modulus * inertia
    force = _scaled(along, length / area) + _scaled(across, length / in_shear)
    moment = _scaled(along, length / in_torsion) + _scaled(across, length / inertia)
    arm = _cross(network.points[network.last][segments.owner] - segments.middles)
    bent = moment @ arm
    upper = np.concatenate([force + arm.swapaxes(1, 2) @ bent, bent.swapaxes(1, 2)], axis=2)
    whole = np.concatenate([upper, np.concatenate([bent, moment], axis=2)], axis=1)
    first = np.searchsorted(segments.owner, np.arange(len(network.ends)))
    return np.asarray(np.add.reduceat(whole, first, axis=0))


def _node_stiffening(network: LigamentNetwork) -> FloatArray:
    """Factor on the stiffness of each segment, shape (n_segments,)."""
    segments = network.segments
    near = np.zeros(len(segments.owner), dtype=np.bool_)
    # A ring's only node is no junction: nothing stiffens it.
    reaches = np.where(network.coordination > 2, STIFF_SHARE * network.node_radii, 0.0)
    for side, points in enumerate((network.first[:-1], network.last)):
        centre = network.points[points][segments.owner]
        reach = reaches[network.ends[:, side]][segments.owner]
        near |= np.linalg.norm(segments.middles - centre, axis=1) < reach
    return np.where(near, STIFFENING, 1.0)


def _relaxed(
    network: LigamentNetwork, stiffness: FloatArray, relative: FloatArray, opening: FloatArray
) -> FloatArray:
    """Twice the energy per volume under unit strain along each axis, nodes relaxed, shape (3,).

    Args:
        network: with m nodes and n ligaments.
        stiffness: of each ligament against movement of its end, shape (n, q, q).
        relative: that movement from the movement of both nodes, shape (n, q, 2 q).
        opening: that movement under unit strains with the nodes at rest, shape (n, q, 3).
    """
    q, size = stiffness.shape[1], len(network.nodes) * stiffness.shape[1]
    freedom = (network.ends[:, :, None] * q + np.arange(q)).reshape(-1, 2 * q)
    local = relative.swapaxes(1, 2) @ stiffness @ relative
    rows, columns = np.repeat(freedom, 2 * q, axis=1), np.tile(freedom, 2 * q)
    matrix = coo_array((local.ravel(), (rows.ravel(), columns.ravel())), shape=(size, size)).tocsc()
    load = np.zeros((size, 3))
    np.add.at(load, freedom, relative.swapaxes(1, 2) @ stiffness @ opening)
    # Every piece may float; a very weak spring to the ground holds it and costs no energy.
    held = matrix + identity(size, format="csc") * (1e-10 * local.max())
    movement = splu(csc_array(held)).solve(load)
    fixed = np.einsum("bqi,bqp,bpi->i", opening, stiffness, opening)
    return np.asarray(np.maximum(fixed - (load * movement).sum(axis=0), 0.0) / network.n**3)


def _scaled(matrices: FloatArray, factors: FloatArray) -> FloatArray:
    return np.asarray(matrices * factors[:, None, None])


def _cross(vectors: FloatArray) -> FloatArray:
    """Matrices of v × …, shape (n, 3, 3)."""
    return np.asarray(np.cross(vectors[:, None, :], -np.eye(3)))
