"""The perfect crystal that a potential gives a metal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from ase.data import atomic_numbers, reference_states

from matops.simulators.lammps.elastic import compute_elasticity
from matops.simulators.lammps.engine import LammpsError
from matops.simulators.lammps.outcome import Rejected

_measured: Sequence[Any] = reference_states

_PRIMITIVE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


@dataclass(frozen=True)
class FccCrystal:
    """An fcc metal without stress."""

    lattice_constant_A: float  # edge of the conventional cell, in Å
    C11_GPa: float  # stiffness along a cube axis under uniaxial strain, in GPa


@cache
def equilibrium_fcc(metal: str) -> FccCrystal:
    """Relax the fcc crystal of one of ``EAM_SPECIES``; once in a process.

    Raises:
        ValueError: there is no potential for the metal.
        LammpsError: the potential has no stable fcc crystal.
    """
    measured_A = _measured[atomic_numbers[metal]]["a"]
    fcc = compute_elasticity(_PRIMITIVE * measured_A, np.zeros((1, 3)), [metal])
    if isinstance(fcc, Rejected):
        raise LammpsError(f"fcc {metal}: {fcc.reason}: {fcc.detail}")
    volume_A3 = abs(np.linalg.det(fcc.crystal.lattice_A))
    return FccCrystal(float(np.cbrt(4 * volume_A3)), float(fcc.stiffness_GPa[0, 0]))
