"""Files of images whose names say which pixels are pores, and tables with an image a column."""

import csv
import re
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from math import isqrt
from pathlib import Path

import numpy as np

from matops.core.data.file_content import open_table, read_bytes, unpacked_name
from matops.core.errors import BadInput
from matops.families.diffusivity_cnn2d.images.pixels import (
    MOST_PIXELS,
    decode_bytes,
    pores_of_values,
)
from matops.families.diffusivity_cnn2d.images.pore_image import PoreImage
from matops.physics.arrays import BoolArray, FloatArray

IMAGE_ENDINGS = (".png", ".tif", ".tiff", ".gif", ".npy")
STATED = re.compile(
    r"\.pores-(?P<pores>white|black)(?:\.threshold-(?P<threshold>\d+(?:\.\d+)?))?\."
)
MOST_COLUMNS = 20_000
MOST_TABLE_CELLS = 2**29
"""Pixels of all images of a table together, a byte each."""


def is_image_file(path: Path) -> bool:
    """Whether a file's name says that it holds one image."""
    return unpacked_name(path).lower().endswith(IMAGE_ENDINGS)


def read_image_file(path: Path) -> PoreImage:
    """The image of a file, by the polarity and the threshold in its name.

    Raises:
        BadInput: the file can't be read, or its name doesn't say which pixels are pores.
    """
    polarity, threshold = _stated(path)
    raw = read_bytes(path)
    try:
        values = _array(raw) if unpacked_name(path).lower().endswith(".npy") else decode_bytes(raw)
        return PoreImage(pores_of_values(values, polarity, threshold))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def read_pixel_table(path: Path) -> Iterator[tuple[str, BoolArray]]:
    """Name and pores of each image of a table that has one a column, of n² values row by row.

    Raises:
        BadInput: the table is no such one; images that are bad for themselves are the caller's.
    """
    polarity, _ = _stated(path)
    heading, values = _table(path)
    edge = isqrt(len(values))
    if edge * edge != len(values):
        raise BadInput(f"{path}: {len(values)} rows are no square image row by row")
    white = polarity == "white"
    for column, name in enumerate(heading):
        yield name, (values[:, column] == white).reshape(edge, edge)


def _stated(path: Path) -> tuple[str, float | None]:
    stated = STATED.search(path.name.lower())
    if not stated:
        raise BadInput(
            f"{path}: nothing says which pixels are pores; name the file NAME.pores-white.ENDING "
            "or NAME.pores-black.ENDING"
        )
    return stated["pores"], float(stated["threshold"]) if stated["threshold"] else None


def _array(raw: bytes) -> FloatArray:
    try:
        header = np.lib.format.read_magic(BytesIO(raw))
        if header not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError("of an unknown version")
        loaded = np.load(BytesIO(raw), allow_pickle=False)
    except (AttributeError, EOFError, MemoryError, TypeError, ValueError, SyntaxError) as error:
        raise BadInput(f"no NPY file: {' '.join(str(error).split())[:80]}") from None
    if not isinstance(loaded, np.ndarray) or loaded.dtype.kind not in "biuf":
        raise BadInput("no NPY file of numbers")
    if loaded.ndim != 2 or loaded.size > MOST_PIXELS:
        raise BadInput(f"the array has shape {loaded.shape}; it must have rows and columns")
    return loaded.astype(float)


def _table(path: Path) -> tuple[list[str], BoolArray]:
    """Names and values, shape (pixels, images)."""
    rows: list[np.ndarray] = []
    heading: list[str] = []
    with open_table(path) as content:
        reader = csv.reader(TextIOWrapper(content, encoding="utf-8-sig", errors="replace"))
        try:
            for number, cells in enumerate(reader, start=1):
                if number == 1:
                    heading = [f"column {i}" for i in range(1, len(cells) + 1)]
                    if not set(cells) <= {"0", "1"}:
                        heading = [
                            c.strip() or name for c, name in zip(cells, heading, strict=True)
                        ]
                        continue
                rows.append(_row(cells, number, len(heading)))
                if len(heading) > MOST_COLUMNS or len(rows) * len(heading) > MOST_TABLE_CELLS:
                    raise BadInput(f"more than {MOST_COLUMNS} images or {MOST_TABLE_CELLS} pixels")
        except csv.Error as error:
            raise BadInput(f"{path}: not readable as CSV: {error}") from None
        except BadInput as error:
            raise BadInput(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    if not rows:
        raise BadInput(f"{path}: has no pixels")
    return heading, np.stack(rows)


def _row(cells: list[str], number: int, columns: int) -> np.ndarray:
    if len(cells) != columns:
        raise BadInput(f"line {number} has {len(cells)} values where the first has {columns}")
    joined = "".join(cell.strip() for cell in cells)
    if len(joined) != columns or joined.strip("01"):
        raise BadInput(f"line {number} has values other than 0 and 1")
    return np.asarray(np.frombuffer(joined.encode(), dtype=np.uint8) == ord("1"))
