"""The last structure of a VASP run: vasprun.xml and OUTCAR."""

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
LATTICE, PLACES = "direct lattice vectors", "POSITION "


def read_vasprun(text: str, species: Species = ()) -> PeriodicAtoms:
    """The last structure of a vasprun.xml.

    Raises:
        BadInput: no XML, cut short as of a run that was killed, or without atoms.
    """
    symbols: list[str] = []
    structure: tuple[FloatArray, FloatArray] | None = None
    try:
        for _, element in iterparse(StringIO(text), events=("end",), forbid_dtd=True):
            if element.tag == "atominfo":
                rows = element.findall("array[@name='atoms']/set/rc")
                symbols = [(row.findtext("c") or "").strip() for row in rows]
            elif element.tag == "structure":
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
    """The last structure of an OUTCAR whose run is over.

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
    cell_A = _last_table(text, LATTICE, 3, 1)
    places_A = _last_table(text, PLACES, len(symbols), 2)
    return in_cell(cell_A, places_A, symbols)


def _last_table(text: str, heading: str, rows: int, below: int) -> FloatArray:
    """The first three columns under the last such heading."""
    at = text.rfind(heading)
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
