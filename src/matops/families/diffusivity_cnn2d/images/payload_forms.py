"""The forms in which a request may carry an image, with their schemas."""

from matops.core.data.payloads import PayloadForm
from matops.families.diffusivity_cnn2d.images.pixels import MOST_CHARACTERS
from matops.families.diffusivity_cnn2d.images.pore_image import (
    BITS,
    IMAGE,
    LARGEST_EDGE,
    LEAST_EDGE,
    PIXELS,
)

SQUARE = "//////////////wD/8A//AP/wD/8A//AP/wD/8A//////////////w=="
"""A solid square of 8 × 8 in the middle of 16 × 20 pixels."""
EDGE = {"type": "integer", "minimum": LEAST_EDGE, "maximum": LARGEST_EDGE}
STATED = "; beside it, pores says which pixels are pores, white or black, and threshold from which "
GREY = STATED + "value on a pixel is white, where there are more than two"

PAYLOAD_FORMS = (
    PayloadForm(
        BITS,
        "shape (rows, columns), and bits: one a pixel row by row, the highest bit first, 1 is a "
        "pore, as Base64",
        {"shape": [16, 20], "bits": SQUARE},
        {
            "type": "object",
            "properties": {
                "shape": {"type": "array", "items": EDGE, "minItems": 2, "maxItems": 2},
                "bits": {"type": "string", "contentEncoding": "base64"},
            },
            "required": ["shape", "bits"],
        },
    ),
    PayloadForm(
        PIXELS,
        "the values of the pixels as a list of rows" + GREY,
        [[0, 1, 1], [0, 0, 1]],
        {
            "type": "array",
            "items": {"type": "array", "items": {"type": "number"}, "maxItems": LARGEST_EDGE},
            "maxItems": LARGEST_EDGE,
        },
        ("*.npy",),
        "array",
    ),
    PayloadForm(
        IMAGE,
        "a PNG, TIFF or GIF without colours, as Base64" + GREY,
        "iVBORw0KGgo…",
        {"type": "string", "contentEncoding": "base64", "maxLength": MOST_CHARACTERS},
        ("*.png", "*.tif", "*.tiff", "*.gif"),
        "base64",
    ),
)
