"""Units of what LAMMPS writes."""

import re

from matops.core.errors import BadInput

ANGSTROM_UNITS = ("metal", "real")
"""LAMMPS units whose length is the Å."""


def check_units(pattern: re.Pattern[str], text: str) -> str:
    """The units that a text names by the group ``units``; metal where it names none.

    Raises:
        BadInput: their length is not the Å.
    """
    match = pattern.search(text)
    units = match["units"] if match else ANGSTROM_UNITS[0]
    if units not in ANGSTROM_UNITS:
        accepted = " and ".join(ANGSTROM_UNITS)
        raise BadInput(f"LAMMPS units {units!r}: only {accepted} are read, whose lengths are in Å")
    return units
