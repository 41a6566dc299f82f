"""Files of several frames, of which the last counts: LAMMPS text dumps and extended XYZ."""

import re
from io import StringIO
from typing import Any, cast

from ase import Atoms
from ase.io import read

from matops.core.errors import BadInput
from matops.simulators.output.atoms.lammps_units import check_units
from matops.simulators.output.atoms.lines import Lines, wrong_line
from matops.simulators.output.atoms.periodic import PeriodicAtoms, Species, of_ase

UNITS_IN_DUMP = re.compile(r"^ITEM: UNITS\n(?P<units>\w+)", re.MULTILINE)
LATTICE = re.compile(r"\blattice\s*=", re.IGNORECASE)


def read_lammps_dump(text: str, species: Species = ()) -> PeriodicAtoms:
    """The last frame of a dump.

    Raises:
        BadInput: cut short, no elements, not periodic, or another unit of length.
    """
    columns = re.findall(r"^ITEM: ATOMS (.*)$", text, re.MULTILINE)
    if not columns:
        raise BadInput("no atoms: not a LAMMPS dump, or cut short")
    if "element" not in columns[-1].split() and not species:
        raise BadInput("the dump has no column element; name the elements of its types as species")
    units = check_units(UNITS_IN_DUMP, text[:500])
    atoms = _last(text, format="lammps-dump-text", specorder=list(species), units=units)
    announced = int(re.findall(r"^ITEM: NUMBER OF ATOMS\n(\d+)", text, re.MULTILINE)[-1])
    if len(atoms) != announced:
        raise BadInput(f"cut short: {len(atoms)} of {announced} atoms")
    return of_ase(atoms)


def read_extended_xyz(text: str, species: Species = ()) -> PeriodicAtoms:
    """The last frame of extended XYZ.

    Raises:
        BadInput: cut short, without a lattice, or not periodic.
    """
    lines = Lines(text)
    header = ""
    while lines.left and (lines.peek().strip() or not header):
        count = lines.words("how many atoms there are")
        if len(count) != 1 or not count[0].isdecimal():
            raise wrong_line(lines.number, "how many atoms there are", lines.current)
        header = lines.peek()
        if lines.left < int(count[0][:9]) + 1:
            raise BadInput(f"cut short: {max(lines.left - 1, 0)} of {count[0]} atoms")
        if not LATTICE.search(header):
            raise wrong_line(lines.number + 1, 'Lattice="ax ay az bx by bz cx cy cz"', header)
        lines.number += int(count[0]) + 1
    return of_ase(_last(text, format="extxyz"))


def _last(text: str, **options: Any) -> Atoms:
    return cast(Atoms, read(StringIO(text), index=-1, **options))
