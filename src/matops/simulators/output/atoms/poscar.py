"""POSCAR and CONTCAR of VASP, all its versions; what follows the coordinates is not read.

Source: https://www.vasp.at/wiki/index.php/POSCAR
"""

from collections.abc import Sequence

import numpy as np
from ase.data import atomic_numbers

from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.simulators.output.atoms.lines import Lines, wrong_line
from matops.simulators.output.atoms.periodic import PeriodicAtoms, Species

NAMES = "the elements, or how many atoms there are of each"
MODE = "Direct or Cartesian"
NAMELESS = (
    "line 6 does not name the elements: write them between the lattice and the numbers of atoms, "
    "or name them as species"
)


def read_poscar(text: str, species: Species = ()) -> PeriodicAtoms:
    """The atoms of a POSCAR.

    A negative scale factor is the volume of the cell, three scale x, y and z; Cartesian coordinates
    are scaled like the lattice. VASP 4 names no elements: they are those of ``species``, else those
    behind the coordinates, else the symbols on the first line, which a remark says.

    Raises:
        BadInput: a line does not hold what it should, or nothing names the elements.
    """
    lines = Lines(text, comments="!#")
    comment = lines.words("a comment") if lines.peek().strip() else []
    lines.number = 1
    scales, _ = lines.numbers((1, 3), "a scale factor, or three")
    vectors = [lines.numbers((3,), "a lattice vector: three numbers")[0] for _ in range(3)]
    scale = _scale(scales, np.array(vectors), lines)
    names, counts = _contents(lines)
    mode = lines.words(MODE)[0][0].lower()
    flags = 3 if mode == "s" else 0  # of selective dynamics, T and F, which is no fluorine
    if flags:
        mode = lines.words(MODE)[0][0].lower()
    if sum(counts) > lines.left:
        raise BadInput(f"cut short: {lines.left} lines for {sum(counts)} atoms")
    rows = [lines.numbers((3,), "the coordinates of an atom") for _ in range(sum(counts))]
    symbols, remark = _symbols(
        names, counts, species, [words[flags:] for _, words in rows], comment
    )
    places, cell_A = np.array([place for place, _ in rows]), np.array(vectors) * scale
    if mode in "ck":
        places = places * scale @ np.linalg.inv(cell_A)
    return PeriodicAtoms(cell_A, places, tuple(symbols), remark)


def _scale(scales: list[float], vectors: FloatArray, lines: Lines) -> FloatArray:
    """By what x, y and z of all vectors are multiplied."""
    volume_A3 = abs(float(np.linalg.det(vectors)))
    if volume_A3 < 1e-12:
        raise BadInput(f"line {lines.number}: the lattice vectors span no volume")
    if scales[0] < 0 and len(scales) == 1:
        return np.full(3, np.cbrt(-scales[0] / volume_A3))
    if min(scales) <= 0:
        raise wrong_line(2, "one scale factor, or three larger than 0", " ".join(map(str, scales)))
    return np.array(scales) * np.ones(3)


def _contents(lines: Lines) -> tuple[list[str], list[int]]:
    """Names, which VASP 4 lacks, and numbers of atoms; each may take several lines."""
    names: list[str] = []
    words = lines.words(NAMES)
    while not words[0].isdecimal():
        names += words
        words = lines.words(NAMES)
    counts = words
    while (
        len(counts) < len(names)
        and lines.peek().split()[:1]
        and lines.peek().split()[0].isdecimal()
    ):
        counts = [*counts, *lines.words(NAMES)]
    if not all(word.isdecimal() and len(word) < 10 for word in counts):
        raise wrong_line(lines.number, "how many atoms there are of each element", lines.current)
    if names and len(names) != len(counts):
        raise BadInput(
            f"line {lines.number}: {len(counts)} numbers of atoms for {len(names)} elements"
        )
    # With hashes of their potentials, as in Na_pv/6a2f546d.
    return [name.partition("/")[0].partition("_")[0] for name in names], [int(n) for n in counts]


def _symbols(
    names: Sequence[str],
    counts: Sequence[int],
    species: Species,
    behind: Sequence[Sequence[str]],
    comment: Sequence[str],
) -> tuple[list[str], str]:
    """The element of each atom, and what to say of where it comes from."""
    marked = [next((word for word in words if atomic_numbers.get(word)), "") for words in behind]
    if names and species and list(names) != list(species):
        raise BadInput(f"line 6 names {' '.join(names)}, but species are {' '.join(species)}")
    kinds = list(names or species)
    if kinds:
        if len(kinds) != len(counts):
            raise BadInput(f"species: {len(kinds)} elements for {len(counts)} numbers of atoms")
        symbols = [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]
        if names and all(marked) and marked != symbols:
            raise BadInput(f"line 6 names {' '.join(names)}, but the coordinates {_kinds(marked)}")
        return symbols, ""
    if marked and all(marked):
        return marked, ""
    if len(comment) != len(counts) or not all(atomic_numbers.get(word) for word in comment):
        raise BadInput(NAMELESS)
    symbols = [kind for kind, count in zip(comment, counts, strict=True) for _ in range(count)]
    return symbols, f"the elements are taken from the comment on line 1: {' '.join(comment)}"


def _kinds(symbols: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(symbols))
