"""One crystal a file: what ``matops predict`` reads, and the demo's example."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.crystal import make_crystal
from matops.families.elastic_cgcnn.crystals.formats import FORMS
from matops.simulators.output.atoms import is_atoms_file, read_atoms

EXAMPLE = """\
data_Cu3Au
_cell_length_a    3.75
_cell_length_b    3.75
_cell_length_c    3.75
_cell_angle_alpha 90
_cell_angle_beta  90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Au1 Au 0   0   0
Cu1 Cu 0.5 0.5 0
"""
"""Ordered Cu3Au (L1_2)."""


def load_request(path: Path, species: Sequence[str] = ()) -> Payload:
    """A payload from a CIF, a POSCAR, JSON, or a file of atoms that a simulation wrote.

    ``*.cif``; ``*.vasp``, ``POSCAR*`` and ``CONTCAR*``; ``*.json`` with a pymatgen structure or a
    payload; and what :func:`matops.simulators.output.atoms.read_atoms` knows.

    Args:
        path: the file.
        species: chemical symbol of each LAMMPS atom type, for files that don't say it.

    Raises:
        BadInput: the file can't be read, or is of none of these kinds.
    """
    if is_atoms_file(path):
        return _from_atoms(path, species)
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    if path.suffix.lower() == ".cif":
        return {"cif": text}
    if path.suffix.lower() in (".vasp", ".poscar") or path.name.startswith(("POSCAR", "CONTCAR")):
        return {"poscar": text}
    if path.suffix.lower() == ".json":
        return _from_json(path, text)
    raise BadInput(f"{path}: neither .cif nor POSCAR nor .json nor a file of atoms")


def _from_atoms(path: Path, species: Sequence[str]) -> Payload:
    try:
        atoms = read_atoms(path, species)
        return make_crystal(atoms.cell_A, atoms.symbols, atoms.frac_coords).payload()
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _from_json(path: Path, text: str) -> Payload:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise BadInput(f"{path}: neither a pymatgen structure nor a payload")
    return content if any(key in content for key in FORMS) else {"structure": content}


def write_example(directory: Path) -> Path:
    """Write a CIF of ordered Cu3Au, which the simulation covers."""
    path = directory / "Cu3Au.cif"
    path.write_text(EXAMPLE)
    return path
