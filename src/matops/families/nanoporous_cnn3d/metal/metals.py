"""The metals that the potentials cover, with the constants of their crystals."""

from dataclasses import dataclass

import numpy as np

from matops.physics.arrays import FloatArray


@dataclass(frozen=True)
class Metal:
    """An fcc metal, with its elastic constants along the cube axes."""

    symbol: str
    lattice_constant_A: float  # edge of the conventional cell
    C11_GPa: float
    C12_GPa: float
    C44_GPa: float

    @property
    def stiffness_GPa(self) -> FloatArray:
        """Stiffness in Voigt order with the cube axes along x, y, z, shape (6, 6), GPa."""
        stiffness = np.diag([self.C11_GPa - self.C12_GPa] * 3 + [self.C44_GPa] * 3)
        stiffness[:3, :3] += self.C12_GPa
        return stiffness


METALS = {
    metal.symbol: metal
    for metal in (
        Metal("Ag", 4.090, 129.1, 91.0, 56.8),
        Metal("Au", 4.080, 183.2, 158.8, 44.7),
        Metal("Cu", 3.615, 167.3, 124.2, 76.5),
        Metal("Ni", 3.520, 233.3, 154.3, 127.6),
        Metal("Pd", 3.890, 218.2, 184.5, 64.9),
        Metal("Pt", 3.920, 303.1, 273.1, 68.3),
    )
}
"""Constants of the u3 potentials at 0 K, calculated with :mod:`matops.simulators.lammps`.

They stand here so that a request is answered without LAMMPS; a test calculates them anew.

Source: potentials of Foiles, Baskes and Daw, Phys. Rev. B 33, 7983 (1986).
"""
