"""One structure a file: what ``matops predict`` reads, and the demo's example."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from matops.core.data.file_content import unpacked_name
from matops.core.data.payloads import read_payload
from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.metal.atoms import load_atoms
from matops.families.nanoporous_cnn3d.metal.payload_forms import PAYLOAD_FORMS
from matops.families.nanoporous_cnn3d.metal.payloads import ARRAYS, parse_metal, write_payload
from matops.families.nanoporous_cnn3d.simulation import demo_sample
from matops.simulators.output.atoms.forms import is_atoms_file

GRID_FILES = (".npy", ".raw", ".tif", ".tiff", ".vti", ".vtk", ".mhd", ".nrrd", ".mrc", ".h5")
"""Volumes as tomographs and solvers leave them: none says the metal, the cell and what is solid."""


def load_request(path: Path, species: Sequence[str] = ()) -> Payload:
    """The payload of a file with one structure, by the family's forms; grids as packed voxels.

    ``species`` has the symbol of each atom type, for files that don't say it.

    Raises:
        BadInput: the file can't be read, or is of no kind that a form names.
    """
    if is_atoms_file(path):
        return write_payload(load_atoms(path, species))
    if unpacked_name(path).lower().endswith(GRID_FILES):
        raise BadInput(
            f"{path}: does not say metal, cell and which voxels are solid: put it into an NPZ, "
            "numpy.savez(file, solid=cube of 0 and 1, metal='Au', cell_A=edge in Å)"
        )
    payload = read_payload(path, PAYLOAD_FORMS)
    if ARRAYS not in payload:
        return payload
    if not isinstance(payload[ARRAYS], Mapping):
        raise BadInput(f"{path}: needs arrays solid, metal and cell_A: it is one array")
    try:
        return write_payload(parse_metal(payload))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def write_example(directory: Path) -> Path:
    """Write a structure of the kind that the demo simulates."""
    path = directory / "nanoporous_gold.json"
    path.write_text(json.dumps(write_payload(demo_sample()), indent=2))
    return path
