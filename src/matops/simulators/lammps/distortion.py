"""How far a crystal has moved away from the structure it started as."""

from dataclasses import dataclass

import numpy as np

from matops.physics.arrays import FloatArray
from matops.simulators.lammps.cell import compact_basis


@dataclass(frozen=True)
class Distortion:
    """Difference between two states of one crystal."""

    volume: float  # logarithm of the ratio of the volumes
    # largest principal logarithmic strain at constant volume. The Bain path from fcc to bcc has
    # −ln(2)/3 = −0.231 along its axis
    shape: float
    # largest displacement of an atom against the lattice, over the distance between nearest
    # neighbours; the mean displacement is taken off
    displacement: float


def measure_distortion(
    start_lattice_A: FloatArray,
    start_frac: FloatArray,
    end_lattice_A: FloatArray,
    end_frac: FloatArray,
) -> Distortion:
    """How a relaxation changed a crystal, from lattices (3, 3) as rows and coordinates (n, 3).

    The end has basis and order of the start; its orientation does not matter.
    """
    basis = compact_basis(start_lattice_A)
    start_A, end_A = basis @ start_lattice_A, basis @ end_lattice_A
    end_coords = end_frac @ np.linalg.inv(basis)
    moved = end_coords - start_frac @ np.linalg.inv(basis)
    # Off the first atom, so that wrapping cannot tear a common drift apart.
    moved = moved - moved[0]
    moved -= np.round(moved)
    moved -= moved.mean(axis=0)
    displacement_A = np.linalg.norm(moved @ end_A, axis=1).max()
    log_stretches = np.log(np.linalg.svd(np.linalg.solve(start_A, end_A), compute_uv=False))
    return Distortion(
        volume=float(log_stretches.sum()),
        shape=float(np.abs(log_stretches - log_stretches.mean()).max()),
        displacement=float(displacement_A / _nearest_distance_A(end_A, end_coords)),
    )


def _nearest_distance_A(lattice_A: FloatArray, frac_coords: FloatArray) -> float:
    """Shortest distance between two atoms in Å, in a compact cell."""
    images = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3), axis=-1).reshape(-1, 1, 1, 3)
    offsets = frac_coords[:, None, :] - frac_coords[None, :, :]
    distances_A = np.linalg.norm((offsets - np.round(offsets) + images) @ lattice_A, axis=-1)
    # An atom is at distance zero from itself only; that one does not count.
    return float(distances_A[distances_A > 1e-3].min())
