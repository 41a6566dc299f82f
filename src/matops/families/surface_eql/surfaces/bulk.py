"""Bulk properties of fcc metals, those of a surface's crystal."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from matops.physics.arrays import FloatArray


class Bulk(NamedTuple):
    """What decides how stiff and how strong a crystal's bonds are."""

    a_A: float  # edge of the cube, Å
    cohesive_eV: float  # cohesive energy of an atom
    C11_GPa: float
    C12_GPa: float
    C44_GPa: float
    intrinsic_fault_J_per_m2: float  # intrinsic stacking-fault energy, which may be negative
    unstable_fault_J_per_m2: float  # unstable stacking-fault energy

    @property
    def features(self) -> dict[str, float]:
        """Numbers on which coefficients may depend, those of ``FEATURES``."""
        return {
            "a_A": self.a_A,
            "cohesive_eV": self.cohesive_eV,
            "K_GPa": (self.C11_GPa + 2 * self.C12_GPa) / 3,
            "G1_GPa": (self.C11_GPa - self.C12_GPa) / 2,
            "G2_GPa": self.C44_GPa,
            "unstable_fault_J_per_m2": self.unstable_fault_J_per_m2,
        }


METALS: Mapping[str, Bulk] = {
    "Ag": Bulk(4.0900, 2.8500, 129.136, 91.042, 56.787, 0.00146, 0.11871),
    "Al": Bulk(3.9876, 3.3876, 111.381, 85.138, 45.926, -0.00595, 0.08812),
    "Au": Bulk(4.0800, 3.9300, 183.166, 158.757, 44.725, 0.00472, 0.09570),
    "Cu": Bulk(3.6150, 3.5400, 167.265, 124.153, 76.447, 0.01752, 0.14225),
    "Ni": Bulk(3.5200, 4.4500, 233.273, 154.287, 127.637, 0.01437, 0.22606),
    "Pd": Bulk(3.8900, 3.9100, 218.187, 184.455, 64.914, 0.01484, 0.12981),
    "Pt": Bulk(3.9200, 5.7700, 303.052, 273.106, 68.283, 0.01462, 0.13602),
}
"""By the potentials that label their surfaces: universal 3, and for Al that of Jacobsen and others.

Sources: Foiles, Baskes, Daw, Phys. Rev. B 33, 7983 (1986); Jacobsen, Nørskov, Puska, Phys. Rev. B
35, 7423 (1987). A test calculates the numbers again.
"""

FEATURES = tuple(METALS["Cu"].features)
"""K is the bulk modulus, G1 = (C11 − C12) / 2 and G2 = C44 the shear moduli."""

_TABLE = np.array([list(bulk.features.values()) for bulk in METALS.values()])
CENTRE: FloatArray = _TABLE.mean(axis=0)
SPREAD: FloatArray = _TABLE.std(axis=0)
"""Of the seven metals: with them, features have no unit and are of the order of one."""
