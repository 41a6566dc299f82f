"""One structure a file: what ``matops predict`` reads, and the demo's example."""

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.core.family.forms import read_payload
from matops.families.nanoporous_cnn3d.metal.atoms import load_atoms
from matops.families.nanoporous_cnn3d.metal.payloads import READERS, write_payload
from matops.families.nanoporous_cnn3d.metal.structure import NanoporousMetal, VoxelGrid
from matops.families.nanoporous_cnn3d.simulation import demo_sample
from matops.simulators.output.atoms import is_atoms_file


def load_request(path: Path) -> Payload:
    """A payload from JSON, an array of voxels, or the atoms of a simulation.

    ``*.json`` is a payload, ``*.npz`` has ``solid``, ``metal`` and ``cell_A``; atoms are what
    :func:`matops.simulators.output.atoms.read_atoms` knows.

    Raises:
        BadInput: the file can't be read, or is of no such kind.
    """
    if is_atoms_file(path):
        return write_payload(load_atoms(path))
    if path.suffix.lower() == ".json":
        return read_payload(path, READERS)
    if path.suffix.lower() == ".npz":
        return _from_npz(path)
    raise BadInput(f"{path}: neither .json nor .npz nor a file of atoms")


def _from_npz(path: Path) -> Payload:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("it is one array")
        with loaded as arrays:
            solid, metal, cell_A = arrays["solid"], str(arrays["metal"]), float(arrays["cell_A"])
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    except (KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(f"{path}: needs arrays solid, metal and cell_A: {error}") from None
    if solid.ndim != 3 or len(set(solid.shape)) != 1:
        raise BadInput(f"{path}: solid has shape {solid.shape}; it must be a cube of voxels")
    if not np.isin(solid, (0, 1)).all():
        raise BadInput(f"{path}: solid has values other than 0 and 1")
    try:
        return write_payload(NanoporousMetal(metal, cell_A, VoxelGrid.pack(solid.astype(bool))))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def write_example(directory: Path) -> Path:
    """Write a structure of the kind that the demo simulates."""
    path = directory / "nanoporous_gold.json"
    path.write_text(json.dumps(write_payload(demo_sample()), indent=2))
    return path
