"""The forms in which a request may carry a crystal, with their schemas."""

from typing import Any

from matops.core.data.payloads import PayloadForm
from matops.families.elastic_cgcnn.crystals.crystal import MAX_ATOMS
from matops.simulators.output.atoms.forms import ATOMS_FORMS

VECTOR: dict[str, Any] = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 3,
    "maxItems": 3,
}
LATTICE: dict[str, Any] = {"type": "array", "items": VECTOR, "minItems": 3, "maxItems": 3}
TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


def _of_atoms(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": MAX_ATOMS}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


SPECIES = _object(element={"type": "string"})
SITE = _object(abc=VECTOR, species={"type": "array", "items": SPECIES, "minItems": 1})

PAYLOAD_FORMS = (
    PayloadForm(
        "cif",
        "text of a CIF; its first structure is read",
        "data_Cu\n...",
        TEXT,
        ("*.cif",),
        "text",
    ),
    PayloadForm(
        "structure",
        "a pymatgen Structure, as_dict(), or ASE's JSON of one Atoms",
        {"lattice": {}, "sites": []},
        {
            "anyOf": [
                _object(lattice=_object(matrix=LATTICE), sites=_of_atoms(SITE)),
                _object(numbers={}, positions={}, cell={}),
                _object(ids={"type": "array", "minItems": 1, "maxItems": 1}),
                _object(structure={"type": "object"}),
            ]
        },
        ("*.json",),
        is_structure=True,
    ),
    PayloadForm(
        "crystal",
        "lattice vectors as rows in Å, chemical symbols, fractional coordinates",
        {
            "lattice_A": [[0.0, 1.8, 1.8], [1.8, 0.0, 1.8], [1.8, 1.8, 0.0]],
            "species": ["Cu"],
            "frac_coords": [[0.0, 0.0, 0.0]],
        },
        _object(
            lattice_A=LATTICE, species=_of_atoms({"type": "string"}), frac_coords=_of_atoms(VECTOR)
        ),
    ),
    *ATOMS_FORMS,
)
