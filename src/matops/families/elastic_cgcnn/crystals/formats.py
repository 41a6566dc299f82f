"""Crystals from CIF, the formats of atoms, JSON of pymatgen and ASE, or our own records."""

from collections.abc import Callable, Mapping
from typing import Any

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.cif.reading import from_cif
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.simulators.output.atoms.forms import ATOMS_FORMS, atoms_of_payload
from matops.simulators.output.atoms.periodic import PeriodicAtoms
from matops.simulators.output.atoms.structure_json import read_structure


def of_atoms(atoms: PeriodicAtoms) -> Crystal:
    """The crystal of a simulation's atoms.

    Raises:
        BadInput: not a valid crystal.
    """
    return make_crystal(atoms.cell_A, atoms.symbols, atoms.frac_coords)


def from_structure(structure: Any) -> Crystal:
    """The crystal of what pymatgen or ASE writes as JSON.

    Raises:
        BadInput: missing parts, partial occupancy, or not a valid crystal.
    """
    return of_atoms(read_structure(structure))


def _from_cif(text: Any) -> Crystal:
    if not isinstance(text, str):
        raise BadInput("cif must be text")
    return from_cif(text)


def _from_record(record: Any) -> Crystal:
    try:
        return make_crystal(record["lattice_A"], record["species"], record["frac_coords"])
    except (KeyError, TypeError) as error:
        raise BadInput(f"not a crystal record: {error} is missing or malformed") from None


FORMS: dict[str, Callable[[Any], Crystal]] = {
    "cif": _from_cif,
    "structure": from_structure,
    "crystal": _from_record,
}
ATOMS = tuple(form.key for form in ATOMS_FORMS)


def parse_crystal(payload: Mapping[str, Any]) -> Crystal:
    """The crystal of a record or a request: exactly one of the forms that the family takes.

    Raises:
        BadInput: no such key, or its content is not a valid crystal.
    """
    accepted = (*FORMS, *ATOMS)
    keys = [key for key in accepted if key in payload] if isinstance(payload, Mapping) else []
    if len(keys) != 1:
        raise BadInput(f"a crystal needs exactly one of the keys {', '.join(accepted)}")
    if keys[0] in ATOMS:
        return of_atoms(atoms_of_payload(payload, keys[0]))
    return FORMS[keys[0]](payload[keys[0]])
