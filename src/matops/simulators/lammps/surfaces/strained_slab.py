"""A slab of a metal in LAMMPS, strained in its plane, and what it has in excess of the bulk."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matops.physics.arrays import FloatArray
from matops.simulators.lammps.engine import EamCrystal
from matops.simulators.lammps.relaxation import relax_atoms
from matops.simulators.lammps.settings import SlabSettings
from matops.simulators.lammps.surfaces.bulk import EV_PER_A3_IN_GPA, StrainedBulk
from matops.simulators.lammps.surfaces.lattice import SurfaceLattice

J_PER_M2 = EV_PER_A3_IN_GPA / 10
"""Of an eV/Å²."""


@dataclass(frozen=True, eq=False)
class SlabSites:
    """The sites of the bulk in a slab, with vacuum above and below."""

    cell_A: FloatArray  # (3, 3) rows: the periods of the surface and the height
    atoms_A: FloatArray  # (n, 3) an atom of each layer, from below

    @property
    def area_A2(self) -> float:
        """Of one face."""
        return float(abs(np.linalg.det(self.cell_A[:2, :2])))

    @cached_property
    def coords(self) -> FloatArray:
        """Fractional coordinates, (n, 3)."""
        return np.asarray(self.atoms_A @ np.linalg.inv(self.cell_A))

    def displacements(self, atoms_A: FloatArray) -> FloatArray:
        """How far atoms are from their sites, (n, 3) in Å, without the common drift."""
        moved = (atoms_A - self.atoms_A) @ np.linalg.inv(self.cell_A)
        moved[:, :2] -= np.round(moved[:, :2])
        moved_A = moved @ self.cell_A
        return np.asarray(moved_A - moved_A.mean(axis=0))


def slab_sites(edge_A: float, lattice: SurfaceLattice, settings: SlabSettings) -> SlabSites:
    """A slab of the thickness asked for, at least, in a crystal with this edge of the cube."""
    spacing_A = edge_A * lattice.spacing
    longest_A = edge_A * float(np.linalg.norm(lattice.periods[1]))
    least_A = max(settings.thickness_A, settings.thickness_periods * longest_A)
    layers = int(np.ceil(least_A / spacing_A)) + 1
    height_A = layers * spacing_A + settings.vacuum_A
    cell_A = np.vstack([edge_A * lattice.periods, [0.0, 0.0, height_A]])
    atoms_A = np.arange(layers)[:, None] * (edge_A * lattice.step)
    atoms_A[:, 2] += (settings.vacuum_A + spacing_A) / 2
    return SlabSites(cell_A, atoms_A)


@dataclass(frozen=True, eq=False)
class SlabState:
    """A relaxed slab, and its excess for each area of an unstrained face."""

    energy: float  # J/m²
    # (3,) second Piola-Kirchhoff stress, Voigt order 11, 22, 12, J/m²
    stress: FloatArray
    atoms_A: FloatArray  # (n, 3) positions


class StrainedSlab:
    """A slab and its bulk, under the same strains in the plane."""

    def __init__(
        self, crystal: EamCrystal, bulk: StrainedBulk, sites: SlabSites, settings: SlabSettings
    ) -> None:
        self._crystal, self._bulk, self._sites, self._settings = crystal, bulk, sites, settings
        self._per_area = J_PER_M2 / (2 * sites.area_A2)

    def unrelaxed_energy(self) -> float:
        """Surface energy with all atoms on their sites, J/m²."""
        self._crystal.relax_positions(self._settings.force_tolerance_eV_per_A, 0)
        n = len(self._sites.atoms_A)
        excess_eV = self._crystal.energy_eV - n * self._bulk.under(np.eye(2)).energy_eV
        return excess_eV * self._per_area

    def relax(self, stretch: FloatArray, atoms_A: FloatArray) -> SlabState:
        """Strain the slab by the (2, 2) stretch from its state of rest, and relax its atoms.

        Raises:
            RejectedError: the forces left are too large.
        """
        bulk, n = self._bulk.under(stretch), len(atoms_A)
        in_plane = np.eye(3)
        in_plane[:2, :2] = stretch
        cell_A = self._sites.cell_A @ in_plane.T
        # Atoms go along with the bulk, so that only those near a face are left to relax.
        middle_A = self._sites.cell_A.sum(axis=0) / 2
        start_A = (atoms_A - middle_A) @ bulk.gradient.T + middle_A @ in_plane.T
        self._crystal.place(cell_A, start_A @ np.linalg.inv(cell_A))
        relax_atoms(self._crystal, self._settings)
        volume_A3 = abs(np.linalg.det(cell_A))
        virial_eV = self._crystal.stress_GPa[:2, :2] * volume_A3 / EV_PER_A3_IN_GPA
        back = np.linalg.inv(stretch)
        excess_eV = back @ (virial_eV - n * bulk.virial_eV) @ back.T
        return SlabState(
            energy=(self._crystal.energy_eV - n * bulk.energy_eV) * self._per_area,
            stress=excess_eV[[0, 1, 0], [0, 1, 1]] * self._per_area,
            atoms_A=self._crystal.frac_coords @ cell_A,
        )
