"""Units of stress and stiffness in which groups write their results."""

from collections.abc import Mapping

from ase import units

from matops.core.errors import BadInput

GPA_PER_UNIT: Mapping[str, float] = {
    "GPa": 1.0,
    "MPa": 1e-3,
    "kPa": 1e-6,
    "Pa": 1e-9,
    "Mbar": 1e2,
    "kbar": 1e-1,
    "bar": 1e-4,
    "atm": 1.01325e-4,
    "eV/Å^3": 1.0 / units.GPa,
    "eV/A^3": 1.0 / units.GPa,
    "eV/Ang^3": 1.0 / units.GPa,
}
"""Gigapascals in one unit. The bar and the atmosphere are so by definition; eV/Å³ is ASE's."""


def gigapascals_per(unit: str) -> float:
    """Gigapascals in one ``unit``.

    Raises:
        BadInput: the unit is missing or not one of stress.
    """
    if unit not in GPA_PER_UNIT:
        known = ", ".join(GPA_PER_UNIT)
        raise BadInput(f"{unit!r} is no unit of stress; known are {known}")
    return GPA_PER_UNIT[unit]
