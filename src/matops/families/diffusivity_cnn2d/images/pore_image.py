"""An image of a porous medium, the payload that carries it, and what it must not be split from."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.families.diffusivity_cnn2d.images.pixels import decode_image, pores_of_values
from matops.physics.arrays import BoolArray

BITS, PIXELS, IMAGE = "bits", "pixels", "image"
FORMS = (BITS, PIXELS, IMAGE)
LEAST_EDGE, LARGEST_EDGE = 16, 1024


@dataclass(frozen=True, eq=False)
class PoreImage:
    """Which pixels are pores."""

    pores: BoolArray  # shape (rows, columns); x is along a row, y down a column

    def __post_init__(self) -> None:
        if self.pores.ndim != 2:
            raise BadInput(f"an image has rows and columns, not {self.pores.ndim} axes")
        rows, columns = self.pores.shape
        if min(rows, columns) < LEAST_EDGE or max(rows, columns) > LARGEST_EDGE:
            raise BadInput(
                f"the image is {rows} × {columns} pixels; edges are {LEAST_EDGE} to {LARGEST_EDGE}"
            )


def parse_image(payload: Payload) -> PoreImage:
    """An image from a payload of one of the family's forms.

    Raises:
        BadInput: the payload is not one, or doesn't say which pixels are pores.
    """
    if not isinstance(payload, Mapping):
        raise BadInput("a payload is a JSON object")
    forms = [form for form in FORMS if form in payload]
    if len(forms) != 1:
        raise BadInput(f"a payload has exactly one of {', '.join(FORMS)}")
    content = payload[forms[0]]
    if forms[0] == BITS:
        return PoreImage(_unpack(content))
    values = _values(content) if forms[0] == PIXELS else decode_image(content)
    return PoreImage(pores_of_values(values, payload.get("pores"), payload.get("threshold")))


def write_payload(pores: BoolArray) -> dict[str, Any]:
    """The payload of an image."""
    bits = base64.b64encode(np.packbits(pores).tobytes()).decode()
    return {BITS: {"shape": list(pores.shape), "bits": bits}}


def doubled(pores: BoolArray) -> BoolArray:
    """The same structure with each pixel drawn as 2 × 2."""
    return pores.repeat(2, 0).repeat(2, 1)


def group_of(pores: BoolArray) -> str:
    """What must never be split: an image with its mirror images, transposes and periodic shifts.

    Its correlation with itself, in whole pixels, knows no shift; of the four that are left, by a
    mirror and a transposition, the first in order stands for all.
    """
    power = np.abs(np.fft.fft2(pores.astype(np.float64))) ** 2
    correlation = np.rint(np.fft.ifft2(power).real).astype("<i4")
    mirrored = np.roll(correlation[:, ::-1], 1, axis=1)
    alike = [c for one in (correlation, mirrored) for c in (one, one.T)]
    # Shifts of oblong images and their transposes have bytes in common only with their shape.
    texts = [str(c.shape).encode() + np.ascontiguousarray(c).tobytes() for c in alike]
    return hashlib.sha256(min(texts)).hexdigest()[:16]


def _unpack(content: Any) -> BoolArray:
    if not isinstance(content, Mapping):
        raise BadInput("bits is not a JSON object")
    shape, bits = content.get("shape"), content.get("bits")
    if not isinstance(shape, list) or len(shape) != 2 or not all(type(n) is int for n in shape):
        raise BadInput("shape is not two whole numbers")
    if not all(LEAST_EDGE <= n <= LARGEST_EDGE for n in shape):
        raise BadInput(
            f"the image is {shape[0]} × {shape[1]} pixels; edges are {LEAST_EDGE} to {LARGEST_EDGE}"
        )
    if not isinstance(bits, str):
        raise BadInput("bits is not text")
    try:
        packed = np.frombuffer(base64.b64decode(bits, validate=True), dtype=np.uint8)
    except (binascii.Error, ValueError):
        raise BadInput("bits is not Base64") from None
    count = shape[0] * shape[1]
    if len(packed) != -(-count // 8):
        raise BadInput(f"bits has {len(packed)} bytes; {count} pixels need {-(-count // 8)}")
    return np.asarray(np.unpackbits(packed, count=count).reshape(shape).astype(bool))


def _values(content: Any) -> np.ndarray:
    if not isinstance(content, list) or not content or not isinstance(content[0], list):
        raise BadInput("pixels is not a list of rows")
    if len(content) > LARGEST_EDGE or len(content[0]) > LARGEST_EDGE:
        raise BadInput(f"pixels has an edge of more than {LARGEST_EDGE}")
    if {type(row) for row in content} != {list} or len({len(row) for row in content}) != 1:
        raise BadInput("pixels has rows of different lengths")
    if not {type(value) for row in content for value in row} <= {int, float, bool}:
        raise BadInput("pixels has values that are no numbers")
    try:
        return np.asarray(content, dtype=float)
    except (ValueError, OverflowError):
        raise BadInput("pixels has a number that is too long") from None
