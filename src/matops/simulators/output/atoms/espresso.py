"""Quantum ESPRESSO: input and output of pw.x.

Source: https://www.quantum-espresso.org/Doc/INPUT_PW.html, ibrav.
"""

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.io import read
from ase.io.espresso import read_fortran_namelist

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.simulators.output.atoms.lines import Lines, number_of, wrong_line
from matops.simulators.output.atoms.periodic import PeriodicAtoms, Species, in_cell, of_ase

BOHR_A = 0.529177210903
"""CODATA 2018, as pw.x has it."""
CARD = re.compile(r"^\s*(ATOMIC_POSITIONS|CELL_PARAMETERS)\s*[{(]?\s*(\w*)", re.IGNORECASE)
LABEL = re.compile(r"([A-Z][a-z]?)(?![a-z])")
DONE = "JOB DONE"


def read_espresso_input(text: str, species: Species = ()) -> PeriodicAtoms:
    """The atoms of an input of pw.x.

    Raises:
        BadInput: no &SYSTEM, a lattice that is not understood, or a line that does not hold what
            it should.
    """
    sections, _ = read_fortran_namelist(StringIO(text))  # type: ignore[no-untyped-call]
    system = {key.lower(): value for key, value in sections.get("system", {}).items()}
    if "ibrav" not in system or "nat" not in system:
        raise BadInput("no &SYSTEM with ibrav and nat: not an input of Quantum ESPRESSO's pw.x")
    lines = Lines(text, comments="!#")
    cards = {}
    for number, line in enumerate(text.splitlines(), start=1):
        card = CARD.match(line)
        if card:
            cards[card[1].upper()] = number, card[2].lower()
    alat_A = _lattice_constant_A(system)
    cell_A = (
        _listed_cell_A(lines, cards, alat_A) if system["ibrav"] == 0 else _bravais_A(system, alat_A)
    )
    if "ATOMIC_POSITIONS" not in cards:
        raise BadInput("the input has no ATOMIC_POSITIONS")
    lines.number, unit = cards["ATOMIC_POSITIONS"]
    symbols, places = _positions(lines, int(system["nat"]))
    if unit == "crystal" and system["ibrav"] == -13:
        raise BadInput(
            "ibrav -13 has other axes before QE 6.5, so that crystal coordinates may be read in "
            "two ways; write ibrav = 0 and CELL_PARAMETERS"
        )
    if unit == "crystal":
        return PeriodicAtoms(cell_A, places, tuple(symbols))
    return in_cell(cell_A, places * _unit_A(unit or "alat", alat_A, "ATOMIC_POSITIONS"), symbols)


def _lattice_constant_A(system: Mapping[str, Any]) -> float:
    if "celldm(1)" in system:
        return float(system["celldm(1)"]) * BOHR_A
    return float(system.get("a", 0.0))


def _unit_A(unit: str, alat_A: float, card: str) -> float:
    factor = {"angstrom": 1.0, "bohr": BOHR_A, "alat": alat_A}.get(unit, 0.0)
    if not factor > 0:
        raise BadInput(f"{card} in {unit}: not understood, or celldm(1) and A are missing")
    return factor


def _listed_cell_A(lines: Lines, cards: Mapping[str, tuple[int, str]], alat_A: float) -> FloatArray:
    if "CELL_PARAMETERS" not in cards:
        raise BadInput("ibrav is 0, but there are no CELL_PARAMETERS")
    lines.number, unit = cards["CELL_PARAMETERS"]
    vectors = np.array(
        [lines.numbers((3,), "a lattice vector: three numbers")[0] for _ in range(3)]
    )
    default = "alat" if alat_A else "bohr"
    return vectors * _unit_A(unit or default, alat_A, "CELL_PARAMETERS")


def _positions(lines: Lines, count: int) -> tuple[list[str], FloatArray]:
    symbols, places = [], []
    expected = "the label of an atom and three coordinates"
    for _ in range(min(count, lines.left + 1)):
        words = lines.words(expected)
        place = [number_of(word) for word in words[1:4]]
        label = LABEL.match(words[0])
        if len(place) < 3 or not np.isfinite(place).all() or not label:
            raise wrong_line(lines.number, expected, lines.current)
        if not atomic_numbers.get(label[1]):
            raise wrong_line(lines.number, "a label that begins with an element", lines.current)
        symbols.append(label[1])
        places.append(place)
    return symbols, np.array(places).reshape(-1, 3)


def _bravais_A(system: Mapping[str, Any], a: float) -> FloatArray:
    """The lattice of an ``ibrav``, rows in Å; ``a`` is its constant in Å."""
    kind = int(system["ibrav"])
    if kind == 14:
        return _triclinic_A(system, a)
    b, c, x = _shape(system, a, kind)
    if not min(a, b, c) > 0 or not abs(x) < 1:
        raise BadInput(f"ibrav {kind}: celldm or A, B, C and cosines are missing or impossible")
    y = np.sqrt(1 - x * x)
    tx, ty, tz = np.sqrt((1 - x) / 2), np.sqrt((1 - x) / 6), np.sqrt(max(1 + 2 * x, 0) / 3)
    u, v = (a / np.sqrt(3) * (tz + times * np.sqrt(2) * ty) for times in (-2, 1))
    lattices = {
        1: [[a, 0, 0], [0, a, 0], [0, 0, a]],
        2: [[-a / 2, 0, a / 2], [0, a / 2, a / 2], [-a / 2, a / 2, 0]],
        3: [[a / 2, a / 2, a / 2], [-a / 2, a / 2, a / 2], [-a / 2, -a / 2, a / 2]],
        -3: [[-a / 2, a / 2, a / 2], [a / 2, -a / 2, a / 2], [a / 2, a / 2, -a / 2]],
        4: [[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, c]],
        5: [[a * tx, -a * ty, a * tz], [0, 2 * a * ty, a * tz], [-a * tx, -a * ty, a * tz]],
        -5: [[u, v, v], [v, u, v], [v, v, u]],
        6: [[a, 0, 0], [0, a, 0], [0, 0, c]],
        7: [[a / 2, -a / 2, c / 2], [a / 2, a / 2, c / 2], [-a / 2, -a / 2, c / 2]],
        8: [[a, 0, 0], [0, b, 0], [0, 0, c]],
        9: [[a / 2, b / 2, 0], [-a / 2, b / 2, 0], [0, 0, c]],
        -9: [[a / 2, -b / 2, 0], [a / 2, b / 2, 0], [0, 0, c]],
        91: [[a, 0, 0], [0, b / 2, -c / 2], [0, b / 2, c / 2]],
        10: [[a / 2, 0, c / 2], [a / 2, b / 2, 0], [0, b / 2, c / 2]],
        11: [[a / 2, b / 2, c / 2], [-a / 2, b / 2, c / 2], [-a / 2, -b / 2, c / 2]],
        12: [[a, 0, 0], [b * x, b * y, 0], [0, 0, c]],
        -12: [[a, 0, 0], [0, b, 0], [c * x, 0, c * y]],
        13: [[a / 2, 0, -c / 2], [b * x, b * y, 0], [a / 2, 0, c / 2]],
        -13: [[a / 2, b / 2, 0], [-a / 2, b / 2, 0], [c * x, 0, c * y]],
    }
    if kind not in lattices:
        raise BadInput(f"ibrav {kind} is not read; write ibrav = 0 and CELL_PARAMETERS")
    return np.array(lattices[kind])


def _shape(system: Mapping[str, Any], a: float, kind: int) -> tuple[float, float, float]:
    """B and c in Å, and the one cosine that a lattice needs; what it doesn't need is a, or 0."""
    in_units_of_a = "celldm(1)" in system
    names = ("celldm(2)", "celldm(3)") if in_units_of_a else ("b", "c")
    with_b = kind in (8, 9, -9, 91, 10, 11, 12, -12, 13, -13)
    needed = (with_b, with_b or kind in (4, 6, 7))
    b, c = (
        (a if in_units_of_a else 1.0) * float(system.get(name, 0.0)) if is_needed else a
        for name, is_needed in zip(names, needed, strict=True)
    )
    of_ab, of_ac = ("celldm(4)", "cosab"), ("celldm(5)", "cosac")
    named = (dict.fromkeys((5, -5, 12, 13), of_ab) | dict.fromkeys((-12, -13), of_ac)).get(kind)
    return b, c, float(system.get(named[not in_units_of_a], 1.0)) if named else 0.0


def _triclinic_A(system: Mapping[str, Any], a: float) -> FloatArray:
    """The lattice of ``ibrav`` 14, rows in Å."""
    in_units_of_a = "celldm(1)" in system
    of_program = [f"celldm({n})" for n in range(2, 7)]
    names = of_program if in_units_of_a else ["b", "c", "cosbc", "cosac", "cosab"]
    b, c, *cosines = (float(system.get(name, np.nan)) for name in names)
    b, c = (a * b, a * c) if in_units_of_a else (b, c)
    x_bc, x_ac, x_ab = cosines
    y_ab = np.sqrt(1 - x_ab**2) if abs(x_ab) < 1 else np.nan
    along_b = (x_bc - x_ac * x_ab) / y_ab
    height = np.sqrt(max(1 - x_ac**2 - along_b**2, 0.0))
    if not min(a, b, c) > 0 or not height > 0:
        raise BadInput("ibrav 14: celldm or A, B, C and cosines are missing or impossible")
    return np.array([[a, 0, 0], [b * x_ab, b * y_ab, 0], [c * x_ac, c * along_b, c * height]])


def read_espresso_output(text: str, species: Species = ()) -> PeriodicAtoms:
    """The last structure of an output of pw.x whose run is over.

    Raises:
        BadInput: not such an output, or the run is not over.
    """
    if "Program PWSCF" not in text:
        raise BadInput("no 'Program PWSCF': not an output of Quantum ESPRESSO's pw.x")
    if DONE not in text:
        raise BadInput(f"no {DONE!r}: the run is not over")
    atoms = read(StringIO(text), index=-1, format="espresso-out", results_required=False)
    return of_ase(cast(Atoms, atoms))
