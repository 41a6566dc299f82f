"""The forms in which a request may carry a nanoporous metal, with their schemas."""

from typing import Any

from matops.core.data.payloads import PayloadForm
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import ARRAYS, VOXELS, WAVES
from matops.families.nanoporous_cnn3d.metal.structure import (
    MAX_CELL_A,
    MAX_HKL_SQUARED,
    MAX_VOXELS,
    MIN_CELL_A,
    MIN_VOXELS,
)
from matops.simulators.output.atoms.forms import ATOMS_FORMS

CROSSED_BEAMS = (
    "AAA8PDw8AAAAADw8PDwAADw8/////zw8PDz/////PDw8PP////88PDw8/////zw8AAA8PDw8AAAAADw8PDwAAA=="
)
"""Three beams along x, y and z, four voxels thick, in a cell of 8³."""

EDGE = {"type": "integer", "minimum": MIN_VOXELS, "maximum": MAX_VOXELS}


def _metal(**geometry: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "metal": {"enum": list(METALS)},
        "cell_A": {"type": "number", "minimum": MIN_CELL_A, "maximum": MAX_CELL_A},
        **geometry,
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _edge(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": MIN_VOXELS, "maxItems": MAX_VOXELS}


PAYLOAD_FORMS = (
    PayloadForm(
        WAVES,
        "levelled waves: metal, cell_A (edge of the periodic cube, Å), hkl_squared (h² + k² + "
        "l² of the waves), phases_rad (a phase for each h, k, l in lexicographic order) and "
        "solid_fraction (which sets the level)",
        {
            "metal": "Au",
            "cell_A": 48.96,
            "hkl_squared": 3,
            "solid_fraction": 0.5,
            "phases_rad": [0.3, 1.2, 2.1, 3.0, 3.9, 4.8, 5.7, 0.4],
        },
        _metal(
            hkl_squared={"type": "integer", "minimum": 1, "maximum": MAX_HKL_SQUARED},
            solid_fraction={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            phases_rad={"type": "array", "items": {"type": "number"}},
        ),
    ),
    PayloadForm(
        VOXELS,
        "a periodic cube of voxels: metal, cell_A (Å), shape, and bits: one a voxel in C "
        "order, the highest bit first, 1 is solid, as Base64",
        {"metal": "Au", "cell_A": 48.96, "shape": [8, 8, 8], "bits": CROSSED_BEAMS},
        _metal(
            shape={"type": "array", "items": EDGE, "minItems": 3, "maxItems": 3},
            bits={"type": "string", "contentEncoding": "base64"},
        ),
    ),
    PayloadForm(
        ARRAYS,
        "a periodic cube of voxels: metal, cell_A (Å), and solid: nested lists, 1 is solid",
        {"metal": "Au", "cell_A": 48.96, "solid": [[[0, 1]]]},
        _metal(solid=_edge(_edge(_edge({"enum": [0, 1, False, True]})))),
        ("*.npz",),
        "array",
    ),
    *ATOMS_FORMS,
)
