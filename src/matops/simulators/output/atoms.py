"""Atoms from the files that simulations write: LAMMPS data and dump files, extended XYZ."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers, chemical_symbols
from ase.io import read

from matops.core.data.payloads import PayloadForm, form_of_file
from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray

Species = Sequence[str]
"""Chemical symbol of each LAMMPS atom type, in the order of the types; empty if not known."""

LARGEST_MASS_ERROR = 0.01
"""Relative error of a mass up to which it still names an element."""
ANGSTROM_UNITS = ("metal", "real")
"""LAMMPS units whose length is the Å."""
UNITS_IN_DATA = re.compile(r"\bunits = (?P<units>\w+)")
UNITS_IN_DUMP = re.compile(r"^ITEM: UNITS\n(?P<units>\w+)", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class PeriodicAtoms:
    """Atoms in a cell that repeats along all three edges."""

    cell_A: FloatArray  # (3, 3) edges of the cell as rows, Å
    frac_coords: FloatArray  # (n, 3) fractional coordinates
    symbols: tuple[str, ...]  # n chemical symbols


def is_atoms_file(path: Path) -> bool:
    """Whether the file's name says that it holds atoms in one of ``ATOMS_FORMS``."""
    return form_of_file(path, ATOMS_FORMS) is not None


def read_atoms(path: Path, species: Species = ()) -> PeriodicAtoms:
    """The atoms of a file whose name tells which of ``ATOMS_FORMS`` it is.

    ``species`` is for files that don't say the elements of their types.

    Raises:
        BadInput: no such file, or as :func:`parse_atoms`.
    """
    form = form_of_file(path, ATOMS_FORMS)
    if form is None:
        raise BadInput("neither a LAMMPS data file or dump nor extended XYZ")
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise BadInput(error.strerror or str(error)) from None
    return parse_atoms(form.key, text, species)


def parse_atoms(form: str, text: str, species: Species = ()) -> PeriodicAtoms:
    """The atoms of a text in the form of this key; the last frame where there are several.

    Raises:
        BadInput: cut short, no elements, not periodic, or another unit of length.
    """
    unknown = [symbol for symbol in species if not atomic_numbers.get(symbol)]
    if unknown:
        raise BadInput(f"species: unknown element {unknown[0]!r}")
    try:
        atoms = READERS[form](text, species)
    except BadInput:
        raise
    except Exception as error:  # the readers raise what their many branches happen to raise
        first = (str(error).splitlines() or [""])[0]
        raise BadInput(f"can't be read, or is cut short: {first or type(error).__name__}") from None
    if not atoms.cell.rank == 3 or not atoms.pbc.all():
        raise BadInput("the cell is not periodic along all three edges")
    cell_A = np.asarray(atoms.cell.array, dtype=np.float64)
    frac_coords = np.asarray(atoms.positions @ np.linalg.inv(cell_A))
    return PeriodicAtoms(cell_A, frac_coords, tuple(chemical_symbols[z] for z in atoms.numbers))


def _read_data(text: str, species: Species) -> Atoms:
    units = _length_unit(UNITS_IN_DATA, text.partition("\n")[0])
    numbers = {n: atomic_numbers[symbol] for n, symbol in enumerate(species, start=1)}
    atoms = _last_frame(text, format="lammps-data", units=units, Z_of_type=numbers or None)
    if not species:
        _check_masses(atoms)
    return atoms


def _check_masses(atoms: Atoms) -> None:
    """Whether the file itself says the elements: with labels of its types, or by their masses."""
    masses = np.asarray(atoms.arrays.get("masses", np.zeros(len(atoms))))
    expected = atomic_masses[atoms.numbers]
    if (np.abs(masses - expected) > LARGEST_MASS_ERROR * expected).any():
        raise BadInput("the file does not say the elements of its types; name them as species")


def _read_dump(text: str, species: Species) -> Atoms:
    columns = re.findall(r"^ITEM: ATOMS (.*)$", text, re.MULTILINE)
    if not columns:
        raise BadInput("no atoms: not a LAMMPS dump, or cut short")
    if "element" not in columns[-1].split() and not species:
        raise BadInput("the dump has no column element; name the elements of its types as species")
    units = _length_unit(UNITS_IN_DUMP, text[:500])
    atoms = _last_frame(text, format="lammps-dump-text", specorder=list(species), units=units)
    announced = int(re.findall(r"^ITEM: NUMBER OF ATOMS\n(\d+)", text, re.MULTILINE)[-1])
    if len(atoms) != announced:
        raise BadInput(f"cut short: {len(atoms)} of {announced} atoms")
    return atoms


def _length_unit(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    units = match["units"] if match else ANGSTROM_UNITS[0]
    if units not in ANGSTROM_UNITS:
        accepted = " and ".join(ANGSTROM_UNITS)
        raise BadInput(f"LAMMPS units {units!r}: only {accepted} are read, whose lengths are in Å")
    return units


def _last_frame(text: str, **options: Any) -> Atoms:
    return cast(Atoms, read(StringIO(text), index=-1, **options))


def _text_form(key: str, description: str, *files: str) -> PayloadForm:
    schema = {"type": "string", "minLength": 1}
    return PayloadForm(
        key, f"text of {description}; its last frame is read", "...", schema, files, "text"
    )


ATOMS_FORMS = (
    _text_form("lammps_data", "a LAMMPS data file", "*.data", "*.lmp", "data.*"),
    _text_form("lammps_dump", "a LAMMPS dump with elements", "*.dump", "*.lammpstrj", "dump.*"),
    _text_form("extxyz", "extended XYZ", "*.extxyz", "*.xyz"),
)
"""Texts that simulations write; payloads of families whose samples are atoms."""
READERS: Mapping[str, Callable[[str, Species], Atoms]] = {
    "lammps_data": _read_data,
    "lammps_dump": _read_dump,
    "extxyz": lambda text, _: _last_frame(text, format="extxyz"),
}
