"""Documents of the Materials Project's elasticity collection as entries of a database."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from matops.core.data.database import DatabaseEntry
from matops.core.data.record import Provenance
from matops.core.errors import BadInput

Document = Mapping[str, Any]

FIELDS = ["material_id", "structure", "bulk_modulus", "shear_modulus", "state", "deprecated"]
LICENCE = "CC-BY-4.0"
METHOD = "DFT, elasticity of the Materials Project"
ENGINE = "VASP"
SYMMETRY_TOLERANCE_A = 0.1
"""The Materials Project's own tolerance for symmetry."""


def read_documents(
    names: Sequence[str], documents: Sequence[Document], version: str
) -> Iterator[DatabaseEntry]:
    """An entry for each material that was asked for, whatever came back."""
    answered = {str(document.get("material_id")): document for document in documents}
    for name in names:
        yield _entry(answered.get(name), _provenance(name, version))


def _provenance(name: str, version: str) -> Provenance:
    return Provenance(
        source="materials-project",
        origin=f"Materials Project {version}: {name}",
        engine=ENGINE,
        # Without the version: a label that two versions share is one record.
        method=METHOD,
        date=datetime.now(UTC).date().isoformat(),
        licence=LICENCE,
    )


def _entry(document: Document | None, provenance: Provenance) -> DatabaseEntry:
    try:
        if document is None:
            raise BadInput("no elastic tensor: the database lists the material without one")
        values_GPa = _moduli_GPa(document)
        return DatabaseEntry(provenance, _conventional_cell(document), values_GPa)
    except BadInput as error:
        return DatabaseEntry(provenance, {}, {}, refused=str(error))


def _moduli_GPa(document: Document) -> dict[str, float]:
    if document.get("deprecated"):
        raise BadInput("deprecated")
    if document.get("state") != "successful":
        raise BadInput(f"calculation not successful: its state is {document.get('state')!r}")
    averages = {"K_VRH": document.get("bulk_modulus"), "G_VRH": document.get("shear_modulus")}
    found = {name: (average or {}).get("vrh") for name, average in averages.items()}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        raise BadInput(f"no modulus: {' and '.join(missing)}")
    return {name: float(value) for name, value in found.items() if value is not None}


def _conventional_cell(document: Document) -> dict[str, Any]:
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
