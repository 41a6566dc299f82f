"""The forms in which a request may carry a surface, with their schemas."""

from matops.core.data.payloads import PayloadForm
from matops.families.surface_eql.surfaces.bulk import METALS, Bulk
from matops.families.surface_eql.surfaces.surface import LARGEST_INDEX, SURFACE, SURFACE_OF_BULK

_HKL = {
    "type": "array",
    "items": {"type": "integer", "minimum": -LARGEST_INDEX, "maximum": LARGEST_INDEX},
    "minItems": 3,
    "maxItems": 3,
}
_BULK = {
    "type": "object",
    "properties": {name: {"type": "number"} for name in Bulk._fields},
    "required": list(Bulk._fields),
}

PAYLOAD_FORMS = (
    PayloadForm(
        SURFACE,
        "metal (its symbol) and hkl (Miller indices)",
        {"metal": "Cu", "hkl": [3, 1, 0]},
        {
            "type": "object",
            "properties": {"metal": {"enum": list(METALS)}, "hkl": _HKL},
            "required": ["metal", "hkl"],
        },
    ),
    PayloadForm(
        SURFACE_OF_BULK,
        "hkl (Miller indices) and bulk: the properties of an fcc metal, each with its unit",
        {"hkl": [2, 1, 1], "bulk": METALS["Ni"]._asdict()},
        {
            "type": "object",
            "properties": {"hkl": _HKL, "bulk": _BULK},
            "required": ["hkl", "bulk"],
        },
    ),
)
