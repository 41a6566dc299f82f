"""Crystals from CIF, POSCAR, files of atoms, a pymatgen structure or our own records."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import takewhile
from typing import Any

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.cif.reading import from_cif
from matops.families.elastic_cgcnn.crystals.crystal import MAX_ATOMS, Crystal, make_crystal
from matops.simulators.output.atoms import ATOMS_FORMS, PeriodicAtoms, parse_atoms


def from_poscar(text: str) -> Crystal:
    """A VASP 5 POSCAR, whose sixth line names the elements.

    Raises:
        BadInput: not a POSCAR, or no element names.
    """
    header = [line.split() for line in text.splitlines()[5:16]]
    if header and header[0] and header[0][0].isdigit():
        raise BadInput("the POSCAR's sixth line does not name the elements")
    if any(word.isdecimal() and int(word[:9]) > MAX_ATOMS for line in header for word in line):
        raise BadInput(f"the POSCAR has too many atoms; at most {MAX_ATOMS} are accepted")
    # The parser would read as many elements as there are numbers, and forget the rest.
    named = list(takewhile(lambda word: word[0] not in "#!", header[0] if header else []))
    if len(header) > 1 and len(named) > len(header[1]):
        raise BadInput("the POSCAR names more elements than it has numbers of atoms")
    # Half a second to import: pymatgen's VASP files bring along much of SciPy.
    from pymatgen.io.vasp.inputs import Poscar

    try:
        structure = Poscar.from_str(text, default_names=None).structure
    except Exception as error:  # the parser raises what its many branches happen to raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(f"not a readable POSCAR: {reason[:200]}") from None
    symbols = [site.specie.symbol for site in structure]
    return make_crystal(structure.lattice.matrix, symbols, structure.frac_coords)


def from_pymatgen(structure: Any) -> Crystal:
    """A pymatgen ``Structure`` as the dictionary that its ``as_dict`` gives.

    Raises:
        BadInput: missing parts, partial occupancy, or not a valid crystal.
    """
    try:
        lattice = structure["lattice"]["matrix"]
        sites = structure["sites"]
        frac = [site["abc"] for site in sites]
        species = [_only_species(site["species"]) for site in sites]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"not a pymatgen structure: {error} is missing or malformed") from None
    return make_crystal(lattice, species, frac)


def _only_species(species: list[Mapping[str, Any]]) -> str:
    if len(species) != 1 or abs(float(species[0].get("occu", 1)) - 1.0) > 1e-3:
        shares = ", ".join(f"{s.get('element')} {s.get('occu')}" for s in species)
        raise BadInput(f"a site has partial occupancy: {shares}")
    return str(species[0]["element"])


def _from_record(record: Any) -> Crystal:
    try:
        return make_crystal(record["lattice_A"], record["species"], record["frac_coords"])
    except (KeyError, TypeError) as error:
        raise BadInput(f"not a crystal record: {error} is missing or malformed") from None


def of_atoms(atoms: PeriodicAtoms) -> Crystal:
    """The crystal of a simulation's atoms.

    Raises:
        BadInput: not a valid crystal.
    """
    return make_crystal(atoms.cell_A, atoms.symbols, atoms.frac_coords)


def _from_text(form: str, text: str) -> Crystal:
    return of_atoms(parse_atoms(form, text))


TEXTS: dict[str, Callable[[str], Crystal]] = {
    "cif": from_cif,
    "poscar": from_poscar,
    **{form.key: partial(_from_text, form.key) for form in ATOMS_FORMS},
}
FORMS: dict[str, Callable[[Any], Crystal]] = {
    **TEXTS,
    "structure": from_pymatgen,
    "crystal": _from_record,
}


def parse_crystal(payload: Mapping[str, Any]) -> Crystal:
    """The crystal of a record or a request: exactly one of the keys in ``FORMS``.

    Raises:
        BadInput: no such key, or its content is not a valid crystal.
    """
    keys = [key for key in FORMS if key in payload] if isinstance(payload, Mapping) else []
    if len(keys) != 1:
        raise BadInput(f"a crystal needs exactly one of the keys {', '.join(FORMS)}")
    content = payload[keys[0]]
    if keys[0] in TEXTS and not isinstance(content, str):
        raise BadInput(f"{keys[0]} must be text")
    return FORMS[keys[0]](content)
