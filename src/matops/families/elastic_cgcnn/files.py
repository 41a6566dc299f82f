"""One crystal a file: what ``matops predict`` reads, and the demo's example."""

from collections.abc import Sequence
from pathlib import Path

from matops.core.data.payloads import read_payload
from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.formats import of_atoms
from matops.families.elastic_cgcnn.crystals.payload_forms import PAYLOAD_FORMS
from matops.simulators.output.atoms.forms import is_atoms_file, read_atoms

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
    """The payload of a file with one crystal, by the family's forms.

    ``species`` has the symbol of each LAMMPS atom type, for files that don't say it.

    Raises:
        BadInput: the file can't be read, or is of no kind that a form names.
    """
    if not is_atoms_file(path):
        return read_payload(path, PAYLOAD_FORMS)
    try:
        return of_atoms(read_atoms(path, species)).payload()
    except BadInput as error:
        raise BadInput(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def write_example(directory: Path) -> Path:
    """Write a CIF of ordered Cu3Au, which the simulation covers."""
    path = directory / "Cu3Au.cif"
    path.write_text(EXAMPLE)
    return path
