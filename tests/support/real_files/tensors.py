"""Files that carry an elastic tensor beside their structure: VASP, atomate2, plain JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.support.real_files.case import RealFile
from tests.support.real_files.vasp import END

Matrix = NDArray[np.float64]
VASP_ORDER = [0, 1, 2, 5, 3, 4]
"""XX, YY, ZZ, XY, YZ, ZX as places in Voigt's order."""


@dataclass(frozen=True)
class LabelFile(RealFile):
    """A file, and the moduli in it or the line with which it is refused."""

    K_GPa: float = 0.0
    G_GPa: float = 0.0

    @property
    def row(self) -> str:
        """The file's row in docs/sources.md."""
        gives = f"K = {self.K_GPa:g} GPa, G = {self.G_GPa:g} GPa"
        return f"| {self.what} | {f'refused: {self.refused}' if self.refused else gives} |"


def symmetric(diagonal: Sequence[float], C12: float, C13: float, C23: float) -> Matrix:
    stiffness = np.diag(diagonal).astype(float)
    for (i, j), value in {(0, 1): C12, (0, 2): C13, (1, 2): C23}.items():
        stiffness[i, j] = stiffness[j, i] = value
    return stiffness


def cubic(C11: float, C12: float, C44: float) -> Matrix:
    return symmetric([C11] * 3 + [C44] * 3, C12, C12, C12)


SILICON_GPa = cubic(165.7, 63.9, 79.6)
"""McSkimin and Andreatch, J. Appl. Phys. 35, 2161 (1964), at room temperature."""
MAGNESIUM_GPa = symmetric([59.5, 59.5, 61.6, 16.4, 16.4, (59.5 - 26.1) / 2], 26.1, 21.8, 21.8)
"""Simmons and Wang, Single Crystal Elastic Constants (1971), at room temperature."""
FORSTERITE_GPa = symmetric([328, 200, 235, 66.7, 81.3, 80.9], 69, 69, 73)
"""Mg2SiO4: Kumazawa and Anderson, J. Geophys. Res. 74, 5961 (1969); C44, C55, C66 differ."""


def moduli_table(title: str, stiffness_GPa: Matrix) -> str:
    names = ["XX", "YY", "ZZ", "XY", "YZ", "ZX"]
    rule = " " + "-" * 80 + "\n"
    rows = 10 * stiffness_GPa[np.ix_(VASP_ORDER, VASP_ORDER)]
    lines = [
        f" {name}  " + "".join(f"{value:12.4f}" for value in row)
        for name, row in zip(names, rows, strict=True)
    ]
    heading = f" {title} (kBar)\n Direction    " + "          ".join(names) + "\n"
    return heading + rule + "\n".join(lines) + "\n" + rule


def step(cell_A: Matrix, places_A: Matrix) -> str:
    """One ionic step: cell and atoms."""
    vectors = "".join(
        "".join(f"{x:13.9f}" for x in row) + "  0.1  0.1  0.1\n" for row in cell_A.tolist()
    )
    atoms = "".join(
        "".join(f"{x:13.5f}" for x in row) + "  0.0  0.0  0.0\n" for row in places_A.tolist()
    )
    return (
        "      direct lattice vectors                 reciprocal lattice vectors\n"
        f"{vectors}"
        " POSITION                                       TOTAL-FORCE (eV/Angst)\n"
        f" -----------\n{atoms} -----------\n"
    )


def outcar(kinds: dict[str, int], cell_A: ArrayLike, frac: ArrayLike, tables: str) -> str:
    """An OUTCAR of IBRION = 6: the structure, a strained one, and what was fitted."""
    cell = np.asarray(cell_A, dtype=float)
    places = np.asarray(frac, dtype=float) @ cell
    titles = "".join(f" TITEL  = PAW_PBE {symbol} 01Jan2001\n" for symbol in kinds)
    counts = "".join(f"{count:4d}" for count in kinds.values())
    return (
        f" vasp.6.4.2 20Jul23 (build) complex\n{titles}"
        f"   ions per type =            {counts}\n"
        "   IBRION =      6    ionic relax: 0-MD 1-quasi-New 2-CG\n"
        f"{step(cell, places)}{step(cell * 1.015, places * 1.015)}{tables}{END}"
    )


def tables(stiffness_GPa: Matrix) -> str:
    return moduli_table("SYMMETRIZED ELASTIC MODULI", 1.1 * stiffness_GPa) + moduli_table(
        "TOTAL ELASTIC MODULI", stiffness_GPa
    )


SI_CELL = 5.431 / 2 * (1 - np.eye(3))
SI_PLACES = [[0, 0, 0], [0.25, 0.25, 0.25]]
MG_CELL = [[3.209, 0, 0], [-1.6045, 3.209 * np.sqrt(0.75), 0], [0, 0, 5.211]]
MG_PLACES = [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]]


def silicon_outcar(tables: str) -> str:
    return outcar({"Si": 2}, SI_CELL, SI_PLACES, tables)


def structure(symbols: Sequence[str], cell_A: ArrayLike, frac: Any) -> dict[str, Any]:
    sites = [
        {"abc": list(abc), "species": [{"element": symbol, "occu": 1}]}
        for symbol, abc in zip(symbols, frac, strict=True)
    ]
    return {"lattice": {"matrix": np.asarray(cell_A).tolist()}, "sites": sites}


SILICON = {"structure": structure(["Si", "Si"], SI_CELL, SI_PLACES)}
SI_K, SI_G = 97.83, 66.53
VOIGT = "xx yy zz yz xz xy"


def document(**changes: Any) -> str:
    """A document of atomate2."""
    noise = np.eye(6, k=1) - np.eye(6, k=-1)
    raw = SILICON_GPa + 0.3 * noise  # as a fit of stresses leaves it
    tensors = {"raw": raw.tolist(), "ieee_format": SILICON_GPa.round(0).tolist()}
    averages = {"k_vrh": 97.83, "g_vrh": 66.53}
    whole = SILICON | {"elastic_tensor": tensors, "derived_properties": averages, "order": 2}
    return json.dumps(whole | changes)


def emmet(**changes: Any) -> str:
    """A document of the Materials Project."""
    own = {
        "derived_properties": None,
        "compliance_tensor": {"raw": (1000 * np.linalg.inv(SILICON_GPa)).tolist()},
        "elastic_tensor": {"raw": SILICON_GPa.tolist()},
        "bulk_modulus": {"voigt": 97.833, "reuss": 97.833, "vrh": 97.833},
        "shear_modulus": {"vrh": 66.535},
        "material_id": "mp-149",
        "state": "successful",
        "deprecated": False,
    }
    return document(**(own | changes))


def plain(**changes: Any) -> str:
    return json.dumps(SILICON | {"C [GPa]": SILICON_GPa.tolist(), "voigt_order": VOIGT} | changes)


SILICON_GIVES: dict[str, Any] = {"K_GPa": SI_K, "G_GPa": SI_G}
SOFT = cubic(50.0, 60.0, 30.0)
SKEWED = SILICON_GPa + np.diag([20.0, 0, 0, 0, 0], k=1)
SILICON_OUTCAR = silicon_outcar(tables(SILICON_GPa))
OUTCARS = (
    LabelFile("OUTCAR, Si: IBRION = 6", "OUTCAR", SILICON_OUTCAR, **SILICON_GIVES),
    LabelFile("OUTCAR.gz, packed", "OUTCAR.gz", SILICON_OUTCAR, **SILICON_GIVES),
    LabelFile(
        "OUTCAR, Mg: hexagonal",
        "OUTCAR",
        outcar({"Mg": 2}, MG_CELL, MG_PLACES, tables(MAGNESIUM_GPa)),
        K_GPa=35.56,
        G_GPa=17.24,
    ),
    LabelFile(
        "OUTCAR of a static run",
        "OUTCAR",
        silicon_outcar(""),
        refused="no TOTAL ELASTIC MODULI: they come from a run with IBRION = 6 and ISIF = 3",
    ),
    LabelFile(
        "OUTCAR with moduli of clamped ions only",
        "OUTCAR",
        silicon_outcar(moduli_table("SYMMETRIZED ELASTIC MODULI", SILICON_GPa)),
        refused="SYMMETRIZED ELASTIC MODULI are those of clamped ions, and there are no TOTAL "
        "ELASTIC MODULI: the ions were held",
    ),
    LabelFile(
        "OUTCAR of a run that is not over",
        "OUTCAR",
        SILICON_OUTCAR.replace(END, ""),
        refused="no 'General timing and accounting': not an OUTCAR, or the run is not over",
    ),
    LabelFile(
        "OUTCAR with stars for a number",
        "OUTCAR",
        SILICON_OUTCAR.replace("      0.0000", "************"),
        refused="line 36: expected XX and 6 moduli, not 'XX     1657.0000    639.0000    639.0000'",
    ),
    LabelFile(
        "OUTCAR of an unstable crystal",
        "OUTCAR",
        silicon_outcar(tables(SOFT)),
        refused="mechanically unstable: the smallest eigenvalue of the stiffness is -10 GPa",
    ),
    LabelFile(
        "OUTCAR with the sign of stresses",
        "OUTCAR",
        silicon_outcar(tables(-SILICON_GPa)),
        refused="mechanically unstable: the smallest eigenvalue of the stiffness is -293.5 GPa; "
        "is the sign turned round?",
    ),
)
DOCUMENTS = (
    LabelFile("atomate2: a document of `elastic`", "si.json", document(), **SILICON_GIVES),
    LabelFile(
        "atomate2: a job of its store",
        "si.json",
        json.dumps({"uuid": "x", "output": json.loads(document())}),
        **SILICON_GIVES,
    ),
    LabelFile(
        "atomate2: IEEE orientation only, rounded",
        "si.json",
        document(elastic_tensor={"ieee_format": SILICON_GPa.round(0).tolist()}),
        K_GPa=98.0,
        G_GPa=66.79,
    ),
    LabelFile(
        "atomate2: third order",
        "si.json",
        document(order=3, elastic_tensor={"raw": [SILICON_GPa.tolist(), [[[1.0]]]]}),
        **SILICON_GIVES,
    ),
    LabelFile(
        "atomate2: averages of another tensor",
        "si.json",
        document(derived_properties={"k_vrh": 88.9}),
        refused="derived_properties.k_vrh says 88.9 GPa, but K_VRH of elastic_tensor.raw (GPa) is "
        "97.83 GPa",
    ),
    LabelFile(
        "atomate2: kBar under the name of GPa",
        "si.json",
        document(elastic_tensor={"raw": (10 * SILICON_GPa).tolist()}),
        refused="derived_properties.k_vrh says 97.83 GPa, but K_VRH of elastic_tensor.raw (GPa) is "
        "978.3 GPa",
    ),
    LabelFile(
        "atomate2: nothing fitted",
        "si.json",
        document(elastic_tensor={"raw": None}),
        refused="elastic_tensor has neither raw nor ieee_format: was nothing fitted?",
    ),
    LabelFile("Materials Project: a document", "mp-149.json", emmet(), **SILICON_GIVES),
    LabelFile(
        "Materials Project: a compliance in 1/GPa",
        "mp-149.json",
        emmet(compliance_tensor={"raw": np.linalg.inv(SILICON_GPa).tolist()}),
        refused="compliance_tensor.raw (1/TPa) is not the inverse of elastic_tensor.raw (GPa): "
        "their product is off the unit matrix by 0.999",
    ),
    LabelFile(
        "Materials Project: a failed fit",
        "mp-149.json",
        emmet(state="failed"),
        refused="the calculation's state is 'failed', not 'successful'",
    ),
    LabelFile(
        "Materials Project: a deprecated document",
        "mp-149.json",
        emmet(deprecated=True),
        refused="the document is deprecated",
    ),
    LabelFile("JSON: structure, `C [GPa]`, `voigt_order`", "si.json", plain(), **SILICON_GIVES),
    LabelFile(
        "JSON: `C [kbar]` in VASP's order",
        "si.json",
        json.dumps(
            SILICON
            | {
                "C [kbar]": (10 * SILICON_GPa).tolist(),
                "voigt_order": ["XX", "YY", "ZZ", "XY", "YZ", "ZX"],
            }
        ),
        **SILICON_GIVES,
    ),
    LabelFile(
        "JSON: no order stated",
        "si.json",
        plain(voigt_order=None),
        refused='C [GPa]: write "voigt_order": "xx yy zz yz xz xy" beside it',
    ),
    LabelFile(
        "JSON: another order than there is",
        "si.json",
        plain(voigt_order="xx yy zz yz xz xz"),
        refused="C [GPa]: the order xx yy zz yz xz xz is none of xx yy zz yz xz xy",
    ),
    LabelFile(
        "JSON: not symmetric",
        "si.json",
        plain(**{"C [GPa]": SKEWED.tolist()}),
        refused="the stiffness is not symmetric: C12 = 83.9 GPa and C21 = 63.9 GPa",
    ),
    LabelFile(
        "JSON: a key twice",
        "si.json",
        plain().replace('"voigt', '"C [GPa]": [], "voigt'),
        refused="the key 'C [GPa]' stands twice in one object",
    ),
)
TENSORS = (*OUTCARS, *DOCUMENTS)


def tensor_file(directory: Path, name: str, content: str) -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path
