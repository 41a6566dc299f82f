"""What a CIF says of the whole cell, beside its sites: formula, Z, density and volume.

Programs write Z formula units of ``_chemical_formula_sum``; pymatgen writes the whole cell there,
beside the Z of the reduced formula.
"""

import math
import re
from collections import Counter
from functools import reduce

import gemmi
from ase.data import atomic_masses, atomic_numbers

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.crystal import Crystal

FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*\.?\d*[\s,]*)+$")
PARTS = re.compile(r"([A-Z][a-z]?)(\d*\.?\d*)")
LARGEST_ERROR = 0.05
"""Of the density, which is often measured, and of the volume, relative."""
FORMULA_ERROR = 0.01
"""Of a share in the formula, which may be rounded."""
G_PER_CM3 = 1.66053906892
"""One u/Å³. Source: CODATA 2022."""


def check_stated(block: gemmi.cif.Block, crystal: Crystal) -> None:
    """Whether the crystal is the one that the file says.

    Raises:
        BadInput: it has another formula, number of formula units, density or volume.
    """
    atoms = Counter("H" if symbol in "DT" else symbol for symbol in crystal.symbols)
    formula = _formula(block)
    if formula:
        _check_formula(atoms, formula, _number(block, "_cell_formula_units_Z"))
    mass_u = sum(count * atomic_masses[atomic_numbers[symbol]] for symbol, count in atoms.items())
    density = mass_u / crystal.volume_A3 * G_PER_CM3
    for tag, unit, value in (
        ("_exptl_crystal_density_diffrn", "g/cm³", density),
        ("_cell_volume", "Å³", crystal.volume_A3),
    ):
        said = _number(block, tag)
        if said and abs(value / said - 1) > LARGEST_ERROR:
            raise BadInput(f"the cell's atoms give {value:.4g} {unit}, but {tag} is {said:g}")


def _formula(block: gemmi.cif.Block) -> Counter[str]:
    """Atoms by element; none where the text is no plain formula."""
    text = gemmi.cif.as_string(block.find_value("_chemical_formula_sum") or "?").strip()
    counts: Counter[str] = Counter()
    for symbol, number in PARTS.findall(text) if FORMULA.match(text) else ():
        symbol = "H" if symbol in "DT" else symbol
        counts[symbol] += float(number or 1)  # type: ignore[assignment]
    return counts if all(atomic_numbers.get(symbol) for symbol in counts) else Counter()


def _check_formula(atoms: Counter[str], formula: Counter[str], units: float) -> None:
    whole, total = sum(atoms.values()), sum(formula.values())
    shares = [abs(atoms[s] / whole - formula[s] / total) for s in atoms.keys() | formula.keys()]
    if not total or max(shares) > FORMULA_ERROR:
        raise BadInput(
            f"the cell has the atoms {_written(atoms)}, but the formula is {_written(formula)}"
        )
    reduced = whole / reduce(math.gcd, atoms.values())
    said = {units * total, units * reduced if math.isclose(whole, total) else 0}
    if units and not any(math.isclose(whole, count, rel_tol=FORMULA_ERROR) for count in said):
        raise BadInput(
            f"the cell has {whole} atoms, but Z = {units:g} of {_written(formula)} "
            f"are {units * total:g}"
        )


def _written(counts: Counter[str]) -> str:
    return " ".join(f"{symbol}{counts[symbol]:g}" for symbol in sorted(counts))


def _number(block: gemmi.cif.Block, tag: str) -> float:
    value = gemmi.cif.as_number(block.find_value(tag) or "?")
    return value if math.isfinite(value) and value > 0 else 0.0
