"""The formats of atoms: which files hold them, how a request carries them, what reads them."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matops.core.data.file_content import read_text
from matops.core.data.payloads import PayloadForm, form_of_file
from matops.core.errors import BadInput
from matops.simulators.output.atoms.espresso import read_espresso_input, read_espresso_output
from matops.simulators.output.atoms.frames import read_extended_xyz, read_lammps_dump
from matops.simulators.output.atoms.lammps_data import read_lammps_data
from matops.simulators.output.atoms.periodic import PeriodicAtoms, Species, check_elements
from matops.simulators.output.atoms.poscar import read_poscar
from matops.simulators.output.atoms.vasp_output import read_outcar, read_vasprun

log = logging.getLogger(__name__)

Reader = Callable[[str, Species], PeriodicAtoms]


def is_atoms_file(path: Path) -> bool:
    """Whether the file's name says that it holds atoms in one of ``ATOMS_FORMS``."""
    return form_of_file(path, ATOMS_FORMS) is not None


def read_atoms(path: Path, species: Species = ()) -> PeriodicAtoms:
    """The atoms of a file whose name tells which of ``ATOMS_FORMS`` it is.

    ``species`` is for files that don't say the elements of their types. What had to be assumed is
    logged.

    Raises:
        BadInput: no such file, or as :func:`parse_atoms`.
    """
    form = form_of_file(path, ATOMS_FORMS)
    if form is None:
        raise BadInput(f"none of {', '.join(form.description for form in ATOMS_FORMS)}")
    atoms = parse_atoms(form.key, read_text(path), species)
    if atoms.remark:
        log.warning("%s: %s", path, atoms.remark)
    return atoms


def parse_atoms(form: str, text: str, species: Species = ()) -> PeriodicAtoms:
    """The atoms of a text in the form of this key; the last frame where there are several.

    Raises:
        BadInput: cut short, no elements, not periodic, or another unit of length.
    """
    check_elements(species)
    try:
        return READERS[form](text, species)
    except BadInput:
        raise
    except Exception as error:  # the readers raise what their many branches happen to raise
        log.debug("unreadable %s: %r", form, error)
        described = next(each.description for each in ATOMS_FORMS if each.key == form)
        raise BadInput(f"not {described.removeprefix('text of ')}, damaged, or cut short") from None


def atoms_of_payload(payload: Mapping[str, Any], form: str) -> PeriodicAtoms:
    """The atoms of a payload, whose ``species`` may name the elements of its types.

    Raises:
        BadInput: as :func:`parse_atoms`, or the content is not text.
    """
    content, species = payload[form], payload.get("species", [])
    if not isinstance(content, str):
        raise BadInput(f"{form} must be text")
    if not isinstance(species, list) or not all(isinstance(each, str) for each in species):
        raise BadInput("species must be a list of chemical symbols")
    atoms = parse_atoms(form, content, species)
    if atoms.remark:
        log.warning("%s: %s", form, atoms.remark)
    return atoms


def _text_form(key: str, description: str, *files: str) -> PayloadForm:
    schema = {"type": "string", "minLength": 1}
    return PayloadForm(key, f"text of {description}", "...", schema, files, "text")


ATOMS_FORMS = (
    _text_form("poscar", "a POSCAR", "*.vasp", "*.poscar", "POSCAR*", "CONTCAR*"),
    _text_form("vasprun", "a vasprun.xml; its last structure is read", "*vasprun*.xml"),
    _text_form("outcar", "an OUTCAR; its last structure is read", "OUTCAR*", "*.outcar"),
    _text_form("espresso_input", "an input of Quantum ESPRESSO's pw.x", "*.pwi", "*.in"),
    _text_form(
        "espresso_output",
        "an output of Quantum ESPRESSO's pw.x; its last structure is read",
        "*.pwo",
        "*.out",
    ),
    _text_form("lammps_data", "a LAMMPS data file", "*.data", "*.lmp", "data.*"),
    _text_form(
        "lammps_dump",
        "a LAMMPS dump with elements; its last frame is read",
        "*.dump",
        "*.lammpstrj",
        "dump.*",
    ),
    _text_form("extxyz", "extended XYZ; its last frame is read", "*.extxyz", "*.xyz"),
)
"""Texts that simulations write; payloads of families whose samples are atoms."""
READERS: Mapping[str, Reader] = {
    "poscar": read_poscar,
    "vasprun": read_vasprun,
    "outcar": read_outcar,
    "espresso_input": read_espresso_input,
    "espresso_output": read_espresso_output,
    "lammps_data": read_lammps_data,
    "lammps_dump": read_lammps_dump,
    "extxyz": read_extended_xyz,
}
