"""From the values of pixels to pores: two values and a stated polarity, or a stated threshold.

Nothing is guessed: which of white and black is the pore decides everything, and looks alike.
"""

import base64
import binascii
import warnings
from io import BytesIO
from typing import Any

import numpy as np

from matops.core.errors import BadInput
from matops.physics.arrays import BoolArray, FloatArray

POLARITIES = ("white", "black")
MOST_PIXELS = 2**20
MOST_CHARACTERS = 4 * 2**20
"""Of a file as Base64 text."""
FORMATS = ("PNG", "TIFF", "GIF")
GREY_MODES = ("1", "L", "P", "I", "I;16", "F")
"""Modes of Pillow with one value a pixel; those with colours must be grey all the same."""


def pores_of_values(values: FloatArray, pores: Any, threshold: Any = None) -> BoolArray:
    """Which pixels are pores, from values of shape (rows, columns).

    ``pores`` is ``white`` for the larger values or ``black`` for the smaller ones. More than two
    values need a ``threshold``: from it on they are white. An image of one value needs it, too.

    Raises:
        BadInput: the polarity is not stated, or the image is grey and no threshold is stated.
    """
    if pores not in POLARITIES:
        raise BadInput("nothing says which pixels are pores: state pores as white or as black")
    if values.ndim != 2:
        raise BadInput(f"the image has {values.ndim} axes; it must have rows and columns")
    if not np.isfinite(values).all():
        raise BadInput("the image has pixels that are not finite numbers")
    if threshold is None:
        threshold = _between(np.unique(values))
    elif isinstance(threshold, bool) or not isinstance(threshold, int | float):
        raise BadInput("threshold is not a number")
    white = np.asarray(values >= threshold)
    return white if pores == "white" else ~white


def _between(levels: FloatArray) -> float:
    if len(levels) > 2:
        raise BadInput(
            f"the image is grey, with {len(levels)} values from {levels[0]:g} to {levels[-1]:g}: "
            "state a threshold"
        )
    if len(levels) == 1:
        raise BadInput(
            f"all pixels are {levels[0]:g}: whether that is white or black, a threshold must say"
        )
    return float(levels[1])


def decode_image(content: Any) -> FloatArray:
    """The values of the pixels of a PNG, TIFF or GIF as Base64, shape (rows, columns).

    Raises:
        BadInput: it is no such image, has colours or several pages, or is too large.
    """
    if not isinstance(content, str) or not content:
        raise BadInput("image is not Base64 text")
    if len(content) > MOST_CHARACTERS:
        raise BadInput(f"image has more than {MOST_CHARACTERS} characters")
    try:
        raw = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("image is not Base64 text") from None
    return decode_bytes(raw)


def decode_bytes(raw: bytes) -> FloatArray:
    """The same from the bytes of the file."""
    # A tenth of a second to import, and most requests carry bits.
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(BytesIO(raw), formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > MOST_PIXELS:
                raise BadInput(
                    f"the image is {image.height} × {image.width}: more than {MOST_PIXELS} pixels"
                )
            pages = getattr(image, "n_frames", 1)
            if pages != 1:
                raise BadInput(f"the image has {pages} pages; one is needed")
            return _grey(image)
    except BadInput:
        raise
    except UnidentifiedImageError:
        raise BadInput(f"no image of the kinds {', '.join(FORMATS)}") from None
    # Damaged files end in whatever a decoder stumbles over.
    except Exception as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise BadInput(f"the image is damaged: {reason}") from None


def _grey(image: Any) -> FloatArray:
    if image.mode in ("P", "RGB", "RGBA", "LA", "CMYK"):
        colours = np.asarray(image.convert("RGBA"), dtype=float)
        red, green, blue, opacity = np.moveaxis(colours, -1, 0)
        if (opacity < 255).any():
            raise BadInput("the image has transparent pixels")
        if (red != green).any() or (red != blue).any():
            raise BadInput("the image has colours; black and white or grey is needed")
        return np.asarray(red)
    if image.mode not in GREY_MODES and not image.mode.startswith("I;16"):
        raise BadInput(f"the image has pixels of the mode {image.mode}, which is not read")
    return np.asarray(image, dtype=float)
