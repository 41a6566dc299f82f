"""The perfect crystal that a potential gives a metal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_numbers, reference_states

from matops.simulators.lammps.elastic import compute_elasticity
from matops.simulators.lammps.engine import LammpsError
from matops.simulators.lammps.outcome import Rejected

_measured: Sequence[Any] = reference_states

PRIMITIVE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
"""Primitive lattice vectors of fcc as rows, over the edge of the cube."""


@dataclass(frozen=True)
class FccCrystal:
    """An fcc metal without stress."""

    lattice_constant_A: float  # edge of the conventional cell, in Å
    energy_eV_per_atom: float  # potential energy; minus the cohesive energy where that of a lone
    # atom is zero
    C11_GPa: float  # stiffness along a cube axis under uniaxial strain, in GPa
    C12_GPa: float  # normal stress across a cube axis under the same strain, in GPa
    C44_GPa: float  # stiffness under shear along a cube face, in GPa

    @property
    def nearest_A(self) -> float:
        """Distance between nearest neighbours."""
        return self.lattice_constant_A / float(np.sqrt(2.0))


@cache
def equilibrium_fcc(metal: str, potential: Path | None = None) -> FccCrystal:
    """Relax the fcc crystal of one of ``EAM_SPECIES``, or of a potential; once in a process.

    Raises:
        ValueError: there is no potential for the metal.
        LammpsError: the potential has no stable fcc crystal.
    """
    measured_A = _measured[atomic_numbers[metal]]["a"]
    fcc = compute_elasticity(PRIMITIVE * measured_A, np.zeros((1, 3)), [metal], None, potential)
    if isinstance(fcc, Rejected):
        raise LammpsError(f"fcc {metal}: {fcc.reason}: {fcc.detail}")
    volume_A3 = abs(np.linalg.det(fcc.crystal.lattice_A))
    return FccCrystal(
        lattice_constant_A=float(np.cbrt(4 * volume_A3)),
        energy_eV_per_atom=fcc.crystal.energy_eV_per_atom,
        C11_GPa=float(fcc.stiffness_GPa[0, 0]),
        C12_GPa=float(fcc.stiffness_GPa[0, 1]),
        C44_GPa=float(fcc.stiffness_GPa[3, 3]),
    )
