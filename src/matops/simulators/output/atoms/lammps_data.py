"""LAMMPS data files, with or without type labels and atom styles, orthogonal or triclinic.

Source: https://docs.lammps.org/read_data.html
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from ase.data import atomic_masses, atomic_numbers, chemical_symbols

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.simulators.output.atoms.lammps_units import check_units
from matops.simulators.output.atoms.lines import number_of, wrong_line
from matops.simulators.output.atoms.periodic import PeriodicAtoms, Species, in_cell

Row = tuple[int, list[str]]
"""A line by its number, and its words."""

HEADING = re.compile(r"[A-Z][A-Za-z]*(?: [A-Z][A-Za-z0-9]*)*$")
UNITS = re.compile(r"\bunits = (?P<units>\w+)")
LARGEST_MASS_ERROR = 0.01
"""Relative error of a mass up to which it still names an element."""
COLUMNS = {
    "atomic": (1, 2),
    "charge": (1, 3),
    "bond": (2, 3),
    "angle": (2, 3),
    "molecular": (2, 3),
    "full": (2, 4),
    "sphere": (1, 4),
}
"""Columns of type and x by atom style; y and z follow, and perhaps three image flags."""
GUESSED = ("atomic", "charge", "molecular", "full")
NAMELESS = "the file does not say the elements of its types; name them as species"


def read_lammps_data(text: str, species: Species = ()) -> PeriodicAtoms:
    """The atoms of a data file.

    Elements are those of ``species``, else of the type labels, else of the masses. Without an atom
    style behind ``Atoms`` it is that of the columns.

    Raises:
        BadInput: a line does not hold what it should, or nothing names the elements.
    """
    check_units(UNITS, text.partition("\n")[0])
    header, sections, styles = _sections(text)
    cell_A, origin_A = _cell(header)
    rows = sections.get("Atoms", [])
    announced = next((int(w[0]) for _, w in header if w[1:] == ["atoms"] and w[0].isdecimal()), -1)
    if not rows or len(rows) != announced:
        raise BadInput(f"cut short: {len(rows)} of {max(announced, 0)} atoms in section Atoms")
    labels = {words[0]: words[1] for _, words in sections.get("Atom Type Labels", []) if words[1:]}
    types, places_A = _atoms(rows, styles.get("Atoms", ""), labels)
    elements = _elements(types, species, labels, sections.get("Masses", []))
    return in_cell(cell_A, places_A - origin_A, [elements[kind] for kind in types])


def _sections(text: str) -> tuple[list[Row], dict[str, list[Row]], dict[str, str]]:
    """The header, the sections by heading, and the remarks behind the headings."""
    header: list[Row] = []
    sections: dict[str, list[Row]] = {}
    remarks: dict[str, str] = {}
    current = header
    for number, line in enumerate(text.splitlines()[1:], start=2):
        content, _, remark = line.partition("#")
        words = content.split()
        if HEADING.match(" ".join(words)):
            heading = " ".join(words)
            current = sections.setdefault(heading, [])
            remarks[heading] = remark.strip()
        elif words:
            current.append((number, words))
    return header, sections, remarks


def _cell(header: Sequence[Row]) -> tuple[FloatArray, FloatArray]:
    """The edges as rows, and the origin."""
    by_name = {
        " ".join(w for w in words if number_of(w) != number_of(w)): (n, words)
        for n, words in header
    }

    def values(name: str, count: int) -> list[float]:
        number, words = by_name[name]
        found = [number_of(word) for word in words[:count]]
        if len(words) < count or not np.isfinite(found).all():
            raise wrong_line(number, f"{count} numbers and {name}", " ".join(words))
        return found

    if "avec" in by_name:
        edges = [values(name, 3) for name in ("avec", "bvec", "cvec") if name in by_name]
        origin = values("abc origin", 3) if "abc origin" in by_name else [0.0] * 3
        if len(edges) < 3:
            raise BadInput("the header has avec, but not bvec and cvec")
        return np.array(edges), np.array(origin)
    missing = [name for name in ("xlo xhi", "ylo yhi", "zlo zhi") if name not in by_name]
    if missing:
        raise BadInput(f"the header has no line with {missing[0]}: not a LAMMPS data file, or cut")
    bounds = np.array([values(f"{axis}lo {axis}hi", 2) for axis in "xyz"])
    cell_A = np.diag(bounds[:, 1] - bounds[:, 0])
    if "xy xz yz" in by_name:
        cell_A[1, 0], cell_A[2, 0], cell_A[2, 1] = values("xy xz yz", 3)
    return cell_A, bounds[:, 0]


def _atoms(rows: Sequence[Row], style: str, labels: dict[str, str]) -> tuple[list[str], FloatArray]:
    """Type and place of each atom, (n, 3), Å; as the styles that fit the columns agree."""
    named = style.split()[0] if style else ""
    if named and named not in COLUMNS:
        raise BadInput(f"atom style {style!r} is none of {', '.join(COLUMNS)}")
    readings = []
    for name in (named,) if named else GUESSED:
        try:
            readings.append(_columns(rows, name, labels))
        except BadInput as error:
            refusal = error
    if not readings:
        raise refusal
    if any(a[0] != b[0] or not np.array_equal(a[1], b[1]) for a, b in pairwise(readings)):
        raise BadInput(f"which atom style? write it behind Atoms, as in {'Atoms # charge'!r}")
    return readings[0]


def _columns(
    rows: Sequence[Row], style: str, labels: dict[str, str]
) -> tuple[list[str], FloatArray]:
    kind, x = COLUMNS[style]
    names = {name: number for number, name in labels.items()}
    types, places = [], np.empty((len(rows), 3))
    for atom, (number, words) in enumerate(rows):
        found = names.get(words[kind], words[kind]) if len(words) > kind else ""
        places[atom] = (
            [number_of(word) for word in words[x : x + 3]] or np.nan
            if len(words) in (x + 3, x + 6)
            else np.nan
        )
        if not found.isdecimal() or found == "0" or not np.isfinite(places[atom]).all():
            raise wrong_line(number, f"an atom in {style} style", " ".join(words))
        types.append(found)
    return types, places


def _elements(
    types: Sequence[str], species: Species, labels: dict[str, str], masses: Sequence[Row]
) -> dict[str, str]:
    """The element of each type that occurs."""
    kinds = sorted(set(types), key=int)
    if species:
        if int(kinds[-1]) > len(species):
            raise BadInput(f"species: {len(species)} elements, but there is a type {kinds[-1]}")
        return {kind: species[int(kind) - 1] for kind in kinds}
    if labels and all(atomic_numbers.get(labels.get(kind, "")) for kind in kinds):
        return {kind: labels[kind] for kind in kinds}
    numbers = {name: number for number, name in labels.items()}
    by_type = {numbers.get(w[0], w[0]): number_of(w[1]) for _, w in masses if len(w) > 1}
    return {kind: _element_of_mass(by_type.get(kind, 0.0)) for kind in kinds}


def _element_of_mass(mass_u: float) -> str:
    error = np.abs(atomic_masses[1:104] / mass_u - 1) if mass_u > 0 else np.ones(1)
    nearest = int(np.argmin(error))
    if not error[nearest] < LARGEST_MASS_ERROR:
        raise BadInput(NAMELESS)
    return str(chemical_symbols[nearest + 1])
