"""The table of a manifest: its columns, their units, and what may stand in them."""

import csv
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.core.errors import BadInput
from matops.simulators.output.units import gigapascals_per

NAMES = ("manifest.csv", "manifest.json")
STATED = ("engine", "method", "licence", "date")
TEXTS = ("file", "log", "species", "sha256", *STATED)
STIFFNESS = "C"
"""The whole stiffness: 36 numbers row by row, or the 21 of the upper triangle."""
QUANTITY = re.compile(r"^(?P<name>\w+)\s*\[(?P<unit>[^\]]*)\]$")

Row = Mapping[str, Any]
FloatArray = NDArray[np.float64]


def find_manifest(source: Path) -> Path | None:
    """The manifest that a source is, or that lies in it.

    Raises:
        BadInput: a directory has two.
    """
    places = [source / name for name in NAMES] if source.is_dir() else [source]
    found = [path for path in places if path.name in NAMES and path.is_file()]
    if len(found) > 1:
        raise BadInput(f"{source}: both {' and '.join(NAMES)}; keep one")
    return found[0] if found else None


def checked_rows(manifest: Path, names: Collection[str]) -> list[Row]:
    """The rows of a manifest whose columns are all of the schema.

    Raises:
        BadInput: not readable, without rows, an unknown column, or one in no unit of stress.
    """
    rows = _csv_rows(manifest) if manifest.suffix == ".csv" else _json_rows(manifest)
    for column in dict.fromkeys(column for row in rows for column in row):
        _check_column(column, names, manifest)
    if not rows:
        raise BadInput(f"{manifest}: names no file; it is empty, or not written yet")
    if not any("file" in row for row in rows):
        raise BadInput(f"{manifest}: no column file")
    return rows


def _check_column(column: str, names: Collection[str], manifest: Path) -> None:
    known = (*names, STIFFNESS)
    if column in known:
        raise BadInput(f"{manifest}: column {column} has no unit; write it as {column} [GPa]")
    quantity = QUANTITY.match(column)
    if quantity and quantity["name"] in known:
        try:
            gigapascals_per(quantity["unit"])
        except BadInput as error:
            raise BadInput(f"{manifest}: column {column}: {error}") from None
    elif column not in TEXTS:
        labels = [f"{name} [unit]" for name in known]
        raise BadInput(
            f"{manifest}: unknown column {column!r}; known are {', '.join((*TEXTS, *labels))}"
        )


def _csv_rows(manifest: Path) -> list[Row]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True, skipinitialspace=True)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{manifest}: not readable as CSV: {error}") from None
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise BadInput(f"{manifest}: record {number} has not as many fields as the header")
    return [{name: text.strip() for name, text in row.items() if text.strip()} for row in rows]


def _json_rows(manifest: Path) -> list[Row]:
    try:
        rows = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{manifest}: not readable as JSON: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{manifest}: not a list of objects, one a file")
    return rows


def read_labels(row: Row) -> tuple[dict[str, float], FloatArray | None]:
    """Labels of a row in GPa by name, and its stiffness if there is one, (6, 6) in GPa.

    Raises:
        BadInput: one is not a number, or stands there twice.
    """
    values: dict[str, float] = {}
    stiffness = None
    for column, content in row.items():
        quantity = QUANTITY.match(column)
        if not quantity:
            continue
        factor = gigapascals_per(quantity["unit"])
        if quantity["name"] == STIFFNESS:
            stiffness = factor * _stiffness(content)
        elif quantity["name"] in values:
            raise BadInput(f"{quantity['name']} stands in two columns")
        else:
            values[quantity["name"]] = factor * _number(content, column)
    return values, stiffness


def _number(content: Any, column: str) -> float:
    try:
        return float(content)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(f"{column}: {content!r} is not a number") from None


def _stiffness(content: Any) -> FloatArray:
    """A symmetric (6, 6) matrix from 36 numbers or the 21 of its upper triangle, row by row."""
    try:
        numbers = np.asarray(content.split() if isinstance(content, str) else content, dtype=float)
    except (TypeError, ValueError):
        raise BadInput(f"{STIFFNESS} is not made of numbers") from None
    if numbers.size == 36:
        return np.asarray(numbers.reshape(6, 6))
    if numbers.shape != (21,):
        raise BadInput(
            f"{STIFFNESS} has {numbers.size} numbers; it needs 36, or 21 of the upper half"
        )
    full = np.zeros((6, 6))
    full[np.triu_indices(6)] = numbers
    return np.asarray(full + np.triu(full, 1).T)
