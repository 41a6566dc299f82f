"""Images of discs: targets, payloads, files, and what a manifest says of them."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from disc_images.physics import BOX_A, Array
from matops.core.data.payloads import PayloadForm, read_payload
from matops.core.data.record import Provenance, Record, make_record
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.family import Incoming, SourceForm
from matops.simulators.output.manifest import Entry, read_labelled
from matops.simulators.output.manifest_table import columns_of, find_manifest

PIXELS = 64
MOST_CHARACTERS = 100_000
"""Of an image as Base64 text."""

TARGETS = (
    Target("tortuosity", "1", "how much longer the way through the pores is", lower=0.9, upper=3.0),
    Target("D_eff", "m^2/s", "effective diffusivity", scale="log10", lower=0.0, upper=2.4e-9),
    Target("force", "eV/Å", "force on each disc", axis="atom", shape=(2,)),
)


@dataclass(frozen=True)
class Discs:
    """A parsed image: its discs in reading order.

    Attributes:
        solid_fraction: share of dark pixels.
        centres_A: shape (n, 2), columns x (to the right) and y (downwards), Å.
    """

    solid_fraction: float
    centres_A: Array


def encode(pixels: NDArray[np.bool_]) -> dict[str, str]:
    """The payload of an image, shape (64, 64): True is solid and dark."""
    file = BytesIO()
    Image.fromarray(np.where(pixels, 0, 255).astype(np.uint8)).save(file, "PNG")
    return {"png": base64.b64encode(file.getvalue()).decode()}


def parse(payload: Mapping[str, Any]) -> Discs:
    """The discs of a payload ``{"png": base64 text}``.

    Raises:
        BadInput: it is not such an image.
    """
    text = payload.get("png") if isinstance(payload, Mapping) else None
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        raise BadInput("the payload needs 'png', an image as base64 text")
    try:
        with Image.open(BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as image:
            if image.size != (PIXELS, PIXELS):
                raise BadInput(f"png: the image is not {PIXELS} x {PIXELS} pixels")
            solid = np.asarray(image.convert("L")) < 128
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise BadInput(f"png: not a PNG image: {' '.join(str(error).split())[:80]}") from None
    return _discs(solid)


def _discs(solid: NDArray[np.bool_]) -> Discs:
    numbered, count = ndimage.label(solid)
    if not count:
        raise BadInput("png: the image has no disc")
    rows_columns = np.array(ndimage.center_of_mass(solid, numbered, range(1, count + 1)))
    return Discs(float(solid.mean()), rows_columns[:, ::-1] * BOX_A / PIXELS)


def draw(centres: Array, radii: Array) -> NDArray[np.bool_]:
    """Pixels of discs with centres, shape (n, 2), and radii, shape (n,), all in pixels."""
    y, x = np.mgrid[:PIXELS, :PIXELS]
    square = (x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2
    return np.asarray((square <= radii[:, None, None] ** 2).any(axis=0))


def random_discs(rng: np.random.Generator, most: int, least: float, largest: float) -> Any:
    """Pixels of up to ``most`` discs that don't touch each other or the edge."""
    centres: list[Array] = []
    radii: list[float] = []
    for _ in range(int(rng.integers(1, most + 1))):
        radius = float(rng.uniform(least, largest))
        centre = rng.uniform(radius + 2, PIXELS - radius - 3, size=2)
        gaps = [np.hypot(*(centre - c)) - radius - r for c, r in zip(centres, radii, strict=True)]
        if all(gap > 2 for gap in gaps):
            centres.append(centre)
            radii.append(radius)
    return draw(np.array(centres), np.array(radii))


FORMS = (
    PayloadForm(
        "png",
        "a PNG image of 64 x 64 pixels, discs dark",
        encode(draw(np.array([[20.0, 20.0], [34.0, 26.0]]), np.array([6.0, 5.0])))["png"],
        {"type": "string", "contentEncoding": "base64", "maxLength": MOST_CHARACTERS},
        files=("*.png",),
        encoding="base64",
    ),
)
LAYOUTS = (SourceForm("a directory", "PNG images with a manifest that has their labels"),)


def label(entry: Entry) -> Record:
    """The record of a row of a manifest; images of one packing are a group."""
    payload = read_payload(entry.path, FORMS)
    discs = parse(payload)
    group = entry.path.stem.split("-")[0]
    rows = {"atom": len(discs.centres_A)}
    return make_record(group, payload, entry.values, TARGETS, entry.provenance, rows)


def read_source(source: Path, stated: Provenance) -> Incoming:
    """Records of a directory with a manifest.

    Raises:
        BadInput: there is no manifest, or it does not fit.
    """
    manifest = find_manifest(source)
    if manifest is None:
        raise BadInput(f"{source}: no manifest.csv or manifest.json that names the images")
    return read_labelled(manifest, columns_of(TARGETS), stated, label)
