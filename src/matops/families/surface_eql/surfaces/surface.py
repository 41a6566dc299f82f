"""A surface: Miller indices and the bulk properties of the crystal behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd, isfinite
from typing import Any

import numpy as np

from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.families.surface_eql.surfaces.bulk import METALS, Bulk
from matops.physics.arrays import FloatArray

SURFACE, SURFACE_OF_BULK = "surface", "surface_of_bulk"
LARGEST_INDEX = 1000
SIGNED = "intrinsic_fault_J_per_m2"


@dataclass(frozen=True)
class Surface:
    """A parsed surface."""

    hkl: tuple[int, int, int]  # h ≥ k ≥ l ≥ 0 without a common factor: all symmetries of the cube
    bulk: Bulk

    @property
    def group(self) -> str:
        """What must not be split: an orientation, in all metals."""
        return "({} {} {})".format(*self.hkl)

    @property
    def direction(self) -> FloatArray:
        """Cosines of the normal with the axes of the cube, shape (3,), the largest first."""
        normal = np.array(self.hkl, dtype=np.float64)
        return np.asarray(normal / np.sqrt(normal @ normal))


def parse_surface(payload: Payload) -> Surface:
    """A surface from a payload of one of the family's forms.

    Raises:
        BadInput: the payload is not one.
    """
    if not isinstance(payload, Mapping):
        raise BadInput("a payload is a JSON object")
    forms = [form for form in (SURFACE, SURFACE_OF_BULK) if form in payload]
    if len(forms) != 1:
        raise BadInput(f"a payload has either {SURFACE} or {SURFACE_OF_BULK}")
    content = payload[forms[0]]
    if not isinstance(content, Mapping):
        raise BadInput(f"{forms[0]} is not a JSON object")
    bulk = _metal(content) if forms[0] == SURFACE else _bulk(content.get("bulk"))
    return Surface(_indices(content.get("hkl")), bulk)


def _metal(content: Mapping[str, Any]) -> Bulk:
    metal = content.get("metal")
    if not isinstance(metal, str) or metal not in METALS:
        raise BadInput(f"metal is none of {', '.join(METALS)}; give its bulk properties instead")
    return METALS[metal]


def _bulk(content: Any) -> Bulk:
    if not isinstance(content, Mapping):
        raise BadInput("bulk is not a JSON object")
    numbers = []
    for name in Bulk._fields:
        value = content.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e6:
            raise BadInput(f"bulk needs a number {name}")
        if not isfinite(value) or (value <= 0 and name != SIGNED):
            raise BadInput(f"{name} must be above 0, not {value:g}")
        numbers.append(float(value))
    return Bulk(*numbers)


def _indices(hkl: Any) -> tuple[int, int, int]:
    whole = isinstance(hkl, list | tuple) and all(type(index) is int for index in hkl)
    if not whole or len(hkl) != 3 or not any(hkl) or max(map(abs, hkl)) > LARGEST_INDEX:
        raise BadInput(f"hkl is not three whole numbers up to {LARGEST_INDEX}, one not zero")
    factor = gcd(*hkl)
    h, k, l = sorted((abs(index) // factor for index in hkl), reverse=True)  # noqa: E741
    return h, k, l
