"""A metal's bulk under a strain in the plane of a surface, free of traction on it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matops.physics.arrays import FloatArray
from matops.physics.elasticity import cubic_stiffness_tensor
from matops.simulators.lammps.engine import EamCrystal, LammpsError
from matops.simulators.lammps.fcc import PRIMITIVE, FccCrystal
from matops.simulators.lammps.surfaces.lattice import SurfaceLattice

EV_PER_A3_IN_GPA = 160.21766208
_TRACTION_LIMIT_GPA = 1e-7
_STEPS = 30


@dataclass(frozen=True, eq=False)
class BulkState:
    """One atom of the strained bulk."""

    energy_eV: float  # of the atom
    virial_eV: FloatArray  # (2, 2) stress in the plane times the volume of the atom
    gradient: FloatArray  # (3, 3) deformation gradient; its third column is free of traction


class StrainedBulk:
    """The perfect crystal in the frame of a surface; to be closed."""

    def __init__(
        self, metal: str, fcc: FccCrystal, lattice: SurfaceLattice, potential: Path | None
    ) -> None:
        self._cell_A = fcc.lattice_constant_A * PRIMITIVE @ lattice.frame.T
        stiffness_GPa = np.einsum(
            "ia,jb,kc,ld,abcd",
            *[lattice.frame] * 4,
            cubic_stiffness_tensor(fcc.C11_GPa, fcc.C12_GPa, fcc.C44_GPa),
            optimize=True,
        )
        # Traction on the surface of a third column of the gradient: the acoustic tensor.
        self._softness = np.linalg.inv(stiffness_GPa[:, 2, :, 2])
        self._crystal = EamCrystal(self._cell_A, np.zeros((1, 3)), [metal], potential)

    def close(self) -> None:
        """Free the memory held by LAMMPS."""
        self._crystal.close()

    def under(self, stretch: FloatArray) -> BulkState:
        """The bulk with the (2, 2) stretch in the plane, by Newton's method on the third column.

        Raises:
            LammpsError: traction is left.
        """
        gradient = np.eye(3)
        gradient[:2, :2] = stretch
        for _ in range(_STEPS):
            deformed_A = self._cell_A @ gradient.T
            self._crystal.place(deformed_A, np.zeros((1, 3)))
            # The only atom has no force on it: this computes the energy and the stress.
            self._crystal.relax_positions(1.0, 1)
            stress_GPa = self._crystal.stress_GPa
            if np.abs(stress_GPa[:, 2]).max() < _TRACTION_LIMIT_GPA:
                virial = stress_GPa[:2, :2] * abs(np.linalg.det(deformed_A)) / EV_PER_A3_IN_GPA
                return BulkState(self._crystal.energy_eV, virial, gradient)
            gradient[:, 2] -= self._softness @ stress_GPa[:, 2]
        raise LammpsError(f"traction of {np.abs(stress_GPa[:, 2]).max():.3g} GPa left on the bulk")
