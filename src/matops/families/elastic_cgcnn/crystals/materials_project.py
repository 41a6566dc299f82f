"""What the Materials Project says of a crystal's elasticity."""

from collections.abc import Mapping
from typing import Any

from matops.core.data.database import DatabaseQuery
from matops.core.data.value import plain_number
from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.config import MaterialsProjectConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.formats import from_structure

FIELDS = ("structure", "bulk_modulus", "shear_modulus", "state", "deprecated")
SYMMETRY_TOLERANCE_A = 0.1
"""The Materials Project's own tolerance for symmetry."""


def elasticity_query(config: MaterialsProjectConfig) -> DatabaseQuery:
    """Materials whose elastic tensor was calculated."""
    return DatabaseQuery("elasticity", FIELDS, ("elasticity",), config.elements, config.max_sites)


def read_elasticity(document: Mapping[str, Any]) -> tuple[Crystal, dict[str, float]]:
    """The conventional standard cell, and its moduli in GPa.

    Raises:
        BadInput: the entry is deprecated or its calculation failed, a modulus is missing, or
            there is no such cell.
    """
    moduli_GPa = _moduli_GPa(document)
    return from_structure(_conventional_cell(document)), moduli_GPa


def _moduli_GPa(document: Mapping[str, Any]) -> dict[str, float]:
    if document.get("deprecated"):
        raise BadInput("deprecated")
    if document.get("state") != "successful":
        raise BadInput(f"calculation not successful: its state is {document.get('state')!r}")
    averages = {"K_VRH": document.get("bulk_modulus"), "G_VRH": document.get("shear_modulus")}
    moduli = {name: (average or {}).get("vrh") for name, average in averages.items()}
    missing = [name for name, value in moduli.items() if value is None]
    if missing:
        raise BadInput(f"no modulus: {' and '.join(missing)}")
    return {name: plain_number(value) for name, value in moduli.items() if value is not None}


def _conventional_cell(document: Mapping[str, Any]) -> dict[str, Any]:
    """The conventional standard cell, as pymatgen writes it."""
    from pymatgen.core.structure import Structure
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    try:
        structure = Structure.from_dict(document["structure"])
        analyzer = SpacegroupAnalyzer(structure, symprec=SYMMETRY_TOLERANCE_A)
        return dict(analyzer.get_conventional_standard_structure().as_dict())
    except Exception as error:  # pymatgen and spglib raise what their branches happen to raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"no conventional cell: {first}") from None
