"""The sites of a CIF: which element is where, and what is no ordered atom."""

import re
from dataclasses import dataclass

import gemmi
import numpy as np
from ase.data import atomic_numbers

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.crystal import MAX_ATOMS
from matops.physics.arrays import FloatArray

ATOM_TYPE = re.compile(r"([A-Za-z]{1,2})(\d*\.?\d*[+-]?|[+-]\d*)$")
"""An element and perhaps its oxidation state, as in ``Fe3+``, ``O-2``, ``Cu0+``, ``FE``."""
LABEL = re.compile(r"([A-Z][a-z]?)(?![a-z])")
FORMULA = re.compile(r"(?:[A-Z][a-z]?(?!1\D)\d*)+$")
ISOTOPES = ("D", "T")
EXTRAS = ("symmetry_multiplicity", "site_symmetry_multiplicity", "attached_hydrogens", "calc_flag")
DUMMY = "dum"
"""A calc_flag: no atom, and its coordinates mean nothing."""


@dataclass(frozen=True, eq=False)
class Sites:
    """What stands for the atoms of the cell."""

    species: tuple[str, ...]  # chemical symbol of each site
    frac: FloatArray  # (n, 3) fractional coordinates
    labels: tuple[str, ...]
    # how many atoms of the cell the file says that a site stands for; 0 where it doesn't say
    multiplicities: tuple[int, ...]


def has_atoms(block: gemmi.cif.Block) -> bool:
    """Whether a block of a CIF has sites with fractional coordinates."""
    return len(block.find("_atom_site_", ["label", "fract_x", "fract_y", "fract_z"])) > 0


def read_sites(block: gemmi.cif.Block, structure: gemmi.SmallStructure) -> Sites:
    """The sites of a block, without dummies.

    Raises:
        BadInput: too many, partial occupancy, disorder, or a site that is no single atom.
    """
    if len(structure.sites) > MAX_ATOMS:
        raise BadInput(
            f"the CIF has {len(structure.sites)} sites; at most {MAX_ATOMS} are accepted"
        )
    tables = {name: list(block.find_values(f"_atom_site_{name}")) for name in EXTRAS}
    extras = {name: dict(enumerate(values)) for name, values in tables.items()}
    sites, multiplicities = [], []
    for row, site in enumerate(structure.sites):
        if extras["calc_flag"].get(row) == DUMMY:
            continue
        _check_is_one_atom(site, _whole(extras["attached_hydrogens"].get(row)))
        sites.append(site)
        multiplicities.append(max(_whole(extras[name].get(row)) for name in EXTRAS[:2]))
    return Sites(
        tuple(_element(site) for site in sites),
        np.array([site.fract.tolist() for site in sites]),
        tuple(str(site.label) for site in sites),
        tuple(multiplicities),
    )


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 5 else 0


def _check_is_one_atom(site: gemmi.SmallStructure.Site, hydrogens: int) -> None:
    if abs(site.occ - 1.0) > 1e-3:
        raise BadInput(f"site {site.label} has partial occupancy {site.occ:g}")
    if site.disorder_group:
        raise BadInput(f"site {site.label} is disordered: it is in group {site.disorder_group}")
    if hydrogens:
        raise BadInput(f"site {site.label} stands for an atom with {hydrogens} hydrogens attached")


def _element(site: gemmi.SmallStructure.Site) -> str:
    """The element of a site's type, or else of its label."""
    label, kind = str(site.label), str(site.type_symbol)
    if kind not in ("", "?", ".", label):
        match = ATOM_TYPE.match(kind)
        symbol = match[1].capitalize() if match else ""
        if not _is_element(symbol):
            raise BadInput(f"site {label}: {kind!r} is no single element")
        return symbol
    return _element_of_label(label)


def _element_of_label(label: str) -> str:
    formula = re.findall(r"[A-Z][a-z]?", label) if FORMULA.match(label) else []
    is_formula = len(formula) > 1 and all(map(_is_element, formula))
    match = LABEL.match(label)
    possible = [match[1]] if match else []
    possible += [label[:2].capitalize()] if label[:2].isalpha() and label[:2].isupper() else []
    elements = [symbol for symbol in possible if _is_element(symbol)]
    if is_formula or len(elements) > 1:  # CO1 may be cobalt, or a carbon that somebody called O1
        raise BadInput(f"site {label}: which element? write it as _atom_site_type_symbol")
    if not elements:
        raise BadInput(f"site {label}: its label begins with no element, and no type is given")
    return elements[0]


def _is_element(symbol: str) -> bool:
    return bool(atomic_numbers.get(symbol)) or symbol in ISOTOPES
