"""What a finished run says of itself: program, potential and elastic constants."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matops.core.data.file_content import read_text
from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.physics.units import factor

PROGRAM = re.compile(r"^(LAMMPS \([^)]+\))", re.MULTILINE)
FINISHED = re.compile(r"^Total wall time:", re.MULTILINE)
FAILED = re.compile(r"^ERROR.*$", re.MULTILINE)
POTENTIAL = re.compile(r"^(pair_style|pair_coeff)[ \t]+([^$\n]+)$", re.MULTILINE)
CONSTANT = re.compile(
    r"^Elastic Constant C(?P<i>[1-6])(?P<j>[1-6])all = (?P<value>\S+)[ \t]*(?P<unit>\S*)",
    re.MULTILINE,
)
CONSTANTS = 21
"""Independent elements of a symmetric 6x6 matrix."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run."""

    engine: str  # program with version, as in ``LAMMPS (22 Jul 2025 - Update 4)``
    # potential, as pair style and coefficients, files without their directories; empty if not said
    method: str
    # (6, 6) in Voigt order xx, yy, zz, yz, xz, xy, or None if none was printed
    stiffness_GPa: FloatArray | None


def read_log(path: Path) -> Run:
    """Read the log of LAMMPS.

    Elastic constants are the lines ``Elastic Constant C11all = 183.2 GPa`` that LAMMPS' own
    example ELASTIC prints, all 21 of them.

    Raises:
        BadInput: no such file, not a log, the run failed or is not over, a constant is missing or
            in no unit of stress.
    """
    try:
        text = read_text(path)
    except BadInput as error:
        raise BadInput(f"log {path.name}: {str(error).removeprefix(f'{path}: ')}") from None
    program, failed = PROGRAM.search(text), FAILED.search(text)
    if not program:
        raise BadInput(f"log {path.name}: not a LAMMPS log")
    if failed:
        raise BadInput(f"log {path.name}: the run failed: {failed[0]}")
    if not FINISHED.search(text):
        raise BadInput(f"log {path.name}: the run has not finished")
    return Run(program[1], _method(text), _stiffness_GPa(text, path.name))


def _method(text: str) -> str:
    """The last pair style and the coefficients after it."""
    lines = [(command, words.split()) for command, words in POTENTIAL.findall(text)]
    styles = [n for n, (command, _) in enumerate(lines) if command == "pair_style"]
    if not styles:
        return ""
    named = [f"pair_style {' '.join(lines[styles[-1]][1])}"]
    for _, words in lines[styles[-1] + 1 :]:
        bare = [word.strip("\"'").rsplit("/", 1)[-1] for word in words]
        named.append(f"pair_coeff {' '.join(bare)}")
    return ", ".join(dict.fromkeys(named))


def _stiffness_GPa(text: str, name: str) -> FloatArray | None:
    constants = list(CONSTANT.finditer(text))
    if not constants:
        return None
    stiffness = np.full((6, 6), np.nan)
    for match in constants:
        i, j = int(match["i"]) - 1, int(match["j"]) - 1
        try:
            value = float(match["value"])
        except ValueError:
            raise BadInput(f"log {name}: {match[0]!r} is not a number") from None
        try:
            value_GPa = value * factor(match["unit"], "GPa")
        except ValueError as error:
            raise BadInput(f"log {name}: C{match['i']}{match['j']}: {error}") from None
        stiffness[i, j] = stiffness[j, i] = value_GPa
    missing = int(np.isnan(np.triu(stiffness)).sum())
    if missing:
        raise BadInput(f"log {name}: {missing} of {CONSTANTS} elastic constants are missing")
    return stiffness
