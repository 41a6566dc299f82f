"""Nanoporous metals in the forms in which people have them."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.families.nanoporous_cnn3d.metal.atoms import from_atoms
from matops.families.nanoporous_cnn3d.metal.load_map import LoadMap
from matops.families.nanoporous_cnn3d.metal.structure import (
    Geometry,
    LevelledWaves,
    NanoporousMetal,
    VoxelGrid,
)
from matops.simulators.output.atoms.forms import ATOMS_FORMS, atoms_of_payload

WAVES, VOXELS, ARRAYS = "waves", "voxels", "arrays"


def parse_metal(payload: Payload) -> NanoporousMetal:
    """A nanoporous metal from a payload of one of the family's forms.

    Raises:
        BadInput: the payload is not one.
    """
    if not isinstance(payload, Mapping):
        raise BadInput("a payload is a JSON object")
    accepted = [*READERS, *ATOMS]
    forms = [form for form in accepted if form in payload]
    if len(forms) != 1:
        raise BadInput(f"a payload has exactly one of {', '.join(accepted)}")
    content = payload[forms[0]]
    if forms[0] in ATOMS:
        return from_atoms(atoms_of_payload(payload, forms[0]))
    if not isinstance(content, Mapping):
        raise BadInput(f"{forms[0]} is not a JSON object")
    symbol = content.get("metal")
    if not isinstance(symbol, str):
        raise BadInput("metal is not a chemical symbol")
    cell_A = _finite(content.get("cell_A"), "cell_A")
    load_map = LoadMap.decode(content["load_map"]) if "load_map" in content else None
    return NanoporousMetal(symbol, cell_A, READERS[forms[0]](content), load_map)


def write_payload(sample: NanoporousMetal) -> dict[str, Any]:
    """The payload of a nanoporous metal."""
    geometry = sample.geometry
    body: dict[str, Any] = {"metal": sample.metal, "cell_A": sample.cell_A}
    if sample.load_map:
        body["load_map"] = sample.load_map.encode()
    if isinstance(geometry, LevelledWaves):
        waves = {
            "hkl_squared": geometry.hkl_squared,
            "solid_fraction": geometry.solid_fraction,
            "phases_rad": list(geometry.phases_rad),
        }
        return {WAVES: {**body, **waves}}
    if isinstance(geometry, VoxelGrid):
        bits = base64.b64encode(geometry.bits).decode()
        return {VOXELS: {**body, "shape": [geometry.n] * 3, "bits": bits}}
    raise TypeError(f"no payload for {type(geometry).__name__}")


def group_of(sample: NanoporousMetal) -> str:
    """What must never be split: one topology in any metal, at any level and size."""
    return hashlib.sha256(sample.geometry.identity.encode()).hexdigest()[:16]


def _read_waves(content: Mapping[str, Any]) -> Geometry:
    phases = content.get("phases_rad")
    if not isinstance(phases, list):
        raise BadInput("phases_rad is not a list of numbers")
    squared = content.get("hkl_squared", 9)
    if not isinstance(squared, int) or isinstance(squared, bool):
        raise BadInput("hkl_squared is not a whole number")
    solid_fraction = _finite(content.get("solid_fraction"), "solid_fraction")
    return LevelledWaves(
        squared, solid_fraction, tuple(_finite(phase, "a phase") for phase in phases)
    )


def _read_voxels(content: Mapping[str, Any]) -> Geometry:
    shape, bits = content.get("shape"), content.get("bits")
    if not isinstance(shape, list) or len(shape) != 3 or not all(type(n) is int for n in shape):
        raise BadInput("shape is not three whole numbers")
    if len(set(shape)) != 1:
        raise BadInput(f"the grid {' x '.join(map(str, shape))} is not a cube")
    if not isinstance(bits, str):
        raise BadInput("bits is not text")
    try:
        return VoxelGrid(shape[0], base64.b64decode(bits, validate=True))
    except (binascii.Error, ValueError):
        raise BadInput("bits is not Base64") from None


def _read_arrays(content: Mapping[str, Any]) -> Geometry:
    try:
        solid = np.asarray(content.get("solid"))
    except ValueError:  # lists of differing lengths
        raise BadInput("solid is not a cube of voxels") from None
    if solid.ndim != 3 or len(set(solid.shape)) != 1:
        raise BadInput(f"solid has shape {solid.shape}; it must be a cube of voxels")
    if solid.dtype.kind not in "biuf" or not np.isin(solid, (0, 1)).all():
        raise BadInput("solid has values other than 0 and 1")
    return VoxelGrid.pack(solid.astype(bool))


def _finite(value: Any, what: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A whole number too long for a float is larger than anything meant here.
        number = float(value) if abs(value) < 1e300 else np.inf
        if np.isfinite(number):
            return number
    raise BadInput(f"{what} is not a finite number")


READERS: Mapping[str, Callable[[Mapping[str, Any]], Geometry]] = {
    WAVES: _read_waves,
    VOXELS: _read_voxels,
    ARRAYS: _read_arrays,
}
ATOMS = tuple(form.key for form in ATOMS_FORMS)
