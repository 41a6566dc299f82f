"""What VASP's OUTCAR says of its run: program, and the elastic moduli that IBRION = 6 gives.

The moduli for relaxed ions stand under ``TOTAL ELASTIC MODULI (kBar)``, in the order XX, YY, ZZ,
XY, YZ, ZX. Those of clamped ions, under ``SYMMETRIZED ELASTIC MODULI``, are no property of the
crystal.

Source: https://vasp.at/wiki/IBRION, sections 5 and 6.
"""

import re
from pathlib import Path

import numpy as np

from matops.core.data.file_content import read_text
from matops.core.data.payloads import form_of_file
from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.physics.units import factor
from matops.simulators.output.atoms.forms import ATOMS_FORMS
from matops.simulators.output.atoms.lines import Lines, number_of, wrong_line
from matops.simulators.output.atoms.vasp_output import FINISHED
from matops.simulators.output.log import Run
from matops.simulators.output.voigt import in_voigt_order

TOTAL, CLAMPED = "TOTAL ELASTIC MODULI", "SYMMETRIZED ELASTIC MODULI"
HEADING = re.compile(rf"^ *{TOTAL} \((?P<unit>\w+)\)", re.MULTILINE)
VERSION = re.compile(r"^ *vasp\.(\S+)", re.MULTILINE)


def is_outcar(path: Path) -> bool:
    """Whether the file's name says that it is an OUTCAR, packed or not."""
    form = form_of_file(path, ATOMS_FORMS)
    return form is not None and form.key == "outcar"


def read_outcar_run(path: Path) -> Run:
    """What an OUTCAR says of its run; of elastic moduli the last.

    VASP names no functional in one place, so that the method stays empty.

    Raises:
        BadInput: the run is not over, or its table of moduli does not hold what it should.
    """
    text = read_text(path)
    if FINISHED not in text:
        raise BadInput(f"no {FINISHED!r}: not an OUTCAR, or the run is not over")
    version = VERSION.search(text)
    headings = list(HEADING.finditer(text))
    if not headings and CLAMPED in text:
        raise BadInput(
            f"{CLAMPED} are those of clamped ions, and there are no {TOTAL}: the ions were held"
        )
    engine = f"VASP {version[1]}" if version else ""
    return Run(engine, "", _moduli_GPa(text, headings[-1]) if headings else None)


def _moduli_GPa(text: str, heading: re.Match[str]) -> FloatArray:
    """The table below its heading, (6, 6) in GPa and in Voigt order."""
    lines = Lines(text)
    lines.number = text.count("\n", 0, heading.end()) + 1
    _, *names = lines.words("Direction and six names")
    lines.number += 1  # a rule
    rows = []
    for name in names:
        expected = f"{name} and {len(names)} moduli"
        row_name, *words = lines.words(expected)
        moduli = [number_of(word) for word in words]
        if row_name != name or len(moduli) != len(names) or not np.isfinite(moduli).all():
            raise wrong_line(lines.number, expected, lines.current)
        rows.append(moduli)
    try:
        return factor(heading["unit"], "GPa") * in_voigt_order(np.array(rows), names)
    except (BadInput, ValueError) as error:
        raise BadInput(f"{TOTAL}: {error}") from None
