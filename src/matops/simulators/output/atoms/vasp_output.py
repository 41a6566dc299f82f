"""The structure of a VASP run: the last one, or the first where a run displaces it on purpose."""

import re
from io import StringIO
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from ase.data import atomic_numbers
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.simulators.output.atoms.lines import Lines, number_of
from matops.simulators.output.atoms.periodic import PeriodicAtoms, Species, in_cell

FINISHED = "General timing and accounting"
TITEL = re.compile(r"^ *TITEL +=\s*\S+\s+([A-Z][a-z]?)", re.MULTILINE)
IONS = re.compile(r"^ *ions per type =([ \d]+)$", re.MULTILINE)
IBRION = re.compile(r"^ *IBRION *= *(-?\d+)", re.MULTILINE)
DISPLACING = (5, 6, 7, 8)
"""Values of IBRION that displace ions and strain the cell, for phonons and elastic constants: what
such a run is about is the structure that it began with."""
LATTICE, PLACES = "direct lattice vectors", " POSITION  "


def read_vasprun(text: str, species: Species = ()) -> PeriodicAtoms:
    """The structure of a vasprun.xml: the last, or the first where IBRION displaces it.

    Raises:
        BadInput: no XML, cut short as of a run that was killed, or without atoms.
    """
    symbols: list[str] = []
    structure: tuple[FloatArray, FloatArray] | None = None
    is_displaced = False
    try:
        for _, element in iterparse(StringIO(text), events=("end",), forbid_dtd=True):
            if element.tag == "atominfo":
                rows = element.findall("array[@name='atoms']/set/rc")
                symbols = [(row.findtext("c") or "").strip() for row in rows]
            elif element.tag == "i" and element.get("name") == "IBRION":
                is_displaced = _is_displacing(element.text or "")
            elif element.tag == "structure" and not (is_displaced and structure):
                # With IBRION 5 to 8 the cell is that of the run from the first structure on, save
                # the primitive one, which VASP 6 lists before.
                if element.get("name") == "primitive_cell":
                    continue
                structure = (
                    _vectors(element, "crystal/varray[@name='basis']"),
                    _vectors(element, "varray[@name='positions']"),
                )
            elif element.tag in ("calculation", "dos", "eigenvalues", "projected"):
                element.clear()  # megabytes a step, which nobody reads here
    except ParseError as error:
        line, _ = error.position
        raise BadInput(f"line {line}: not XML, or cut short as of a run that was killed") from None
    except DefusedXmlException:
        raise BadInput("XML with a document type or entities, which VASP does not write") from None
    if structure is None or not symbols or len(symbols) != len(structure[1]):
        raise BadInput("no atominfo and structure: not a vasprun.xml, or without its end")
    _check(symbols)
    return PeriodicAtoms(*structure, tuple(symbols))


def _vectors(structure: Element, path: str) -> FloatArray:
    rows = [[number_of(w) for w in (v.text or "").split()] for v in structure.iterfind(f"{path}/v")]
    if not rows or any(len(row) != 3 for row in rows):
        raise BadInput(f"a structure has no vectors of three numbers in {path}")
    return np.array(rows)


def read_outcar(text: str, species: Species = ()) -> PeriodicAtoms:
    """The structure of a run that is over: the last, or the first where IBRION displaces it.

    Raises:
        BadInput: the run is not over, or the file has no elements, cell or coordinates.
    """
    if FINISHED not in text:
        raise BadInput(f"no {FINISHED!r}: not an OUTCAR, or the run is not over")
    ions = IONS.search(text)
    counts = [int(word) for word in ions[1].split()] if ions else []
    # POTCARs are listed once or more often, always in the order of the types.
    kinds = [*(species or TITEL.findall(text))][: len(counts)]
    if not counts or len(kinds) != len(counts):
        raise BadInput("no TITEL for each of the 'ions per type': name the elements as species")
    symbols = [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]
    _check(symbols)
    ibrion = IBRION.search(text)
    find = text.find if ibrion and _is_displacing(ibrion[1]) else text.rfind
    cell_A = _table(text, find(LATTICE), LATTICE, 3, 1)
    places_A = _table(text, find(PLACES), PLACES, len(symbols), 2)
    return in_cell(cell_A, places_A, symbols)


def _is_displacing(ibrion: str) -> bool:
    return ibrion.strip() in map(str, DISPLACING)


def _table(text: str, at: int, heading: str, rows: int, below: int) -> FloatArray:
    """The first three columns under a heading that stands at this character."""
    if at < 0:
        raise BadInput(f"no {heading.strip()!r} in the OUTCAR")
    lines = Lines(text)
    lines.number = text.count("\n", 0, at) + below
    if rows > lines.left:
        raise BadInput(f"cut short: {lines.left} lines for {rows} atoms")
    return np.array(
        [lines.numbers((3,), f"three numbers of {heading.strip()}")[0] for _ in range(rows)]
    )


def _check(symbols: list[str]) -> None:
    unknown = next((symbol for symbol in symbols if not atomic_numbers.get(symbol)), None)
    if unknown is not None:
        raise BadInput(f"{unknown!r} is no element")
