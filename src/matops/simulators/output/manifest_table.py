"""The table of a manifest: its columns, their units, and what may stand in them.

A quantity has a column ``NAME [unit]``, in any unit of its dimension.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np

from matops.core.data.file_content import open_unpacked, read_bytes
from matops.core.data.json_rows import each_once
from matops.core.data.target import Target
from matops.core.data.value import plain_number
from matops.core.errors import BadInput
from matops.physics.arrays import FloatArray
from matops.physics.units import factor
from matops.simulators.output.manifest_array import read_array

NAMES = ("manifest.csv", "manifest.json")
STATED = ("engine", "method", "licence", "date")
TEXTS = ("file", "log", "species", "sha256", *STATED)
QUANTITY = re.compile(r"^(?P<name>\w+)\s*\[(?P<unit>[^\]]*)\]$")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A quantity that a manifest may state."""

    name: str  # as in ``K_VRH``
    unit: str  # in which the family wants it; the manifest may state it in any of the dimension
    # the numbers of a cell, a JSON value or text; raises BadInput where there are none
    read: Callable[[Any], FloatArray]
    in_file: bool = False  # text names a file beside the manifest, whose path is read


def columns_of(targets: Sequence[Target]) -> list[Column]:
    """A column for each target."""
    return [
        Column(t.name, t.unit, _number)
        if t.is_scalar
        else Column(t.name, t.unit, partial(read_array, target=t), in_file=True)
        for t in targets
    ]


def _number(content: Any) -> FloatArray:
    return np.asarray(plain_number(content))


def find_manifest(source: Path) -> Path | None:
    """The manifest that a source is, or that lies in it.

    Raises:
        BadInput: a directory has two.
    """
    places = [source / name for name in NAMES] if source.is_dir() else [source]
    manifests = [path for path in places if path.name in NAMES and path.is_file()]
    if len(manifests) > 1:
        raise BadInput(f"{source}: both {' and '.join(NAMES)}; keep one")
    return manifests[0] if manifests else None


def checked_rows(manifest: Path, columns: Sequence[Column]) -> list[Row]:
    """The rows of a manifest whose columns are all of the schema.

    Raises:
        BadInput: not readable, without rows, an unknown column, or one in a unit of another
            dimension.
    """
    rows = _csv_rows(manifest) if manifest.suffix == ".csv" else _json_rows(manifest)
    by_name = {column.name: column for column in columns}
    for heading in dict.fromkeys(heading for row in rows for heading in row):
        _check_heading(heading, by_name, manifest)
    if not rows:
        raise BadInput(f"{manifest}: names no file; it is empty, or not written yet")
    if not any("file" in row for row in rows):
        raise BadInput(f"{manifest}: no column file")
    return rows


def _check_heading(heading: str, columns: Mapping[str, Column], manifest: Path) -> None:
    if heading in columns:
        unit = columns[heading].unit
        raise BadInput(f"{manifest}: column {heading} has no unit; write it as {heading} [{unit}]")
    quantity = QUANTITY.match(heading)
    if quantity and quantity["name"] in columns:
        try:
            factor(quantity["unit"], columns[quantity["name"]].unit)
        except ValueError as error:
            raise BadInput(f"{manifest}: column {heading}: {error}") from None
    elif heading not in TEXTS:
        labels = [f"{name} [unit]" for name in columns]
        raise BadInput(
            f"{manifest}: unknown column {heading!r}; known are {', '.join((*TEXTS, *labels))}"
        )


def _csv_rows(manifest: Path) -> list[Row]:
    try:
        with open_unpacked(manifest) as content:
            file = TextIOWrapper(content, encoding="utf-8-sig", newline="")
            reader = csv.DictReader(file, strict=True, skipinitialspace=True)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
            twice = [name for name, times in Counter(reader.fieldnames).items() if times > 1]
            if twice:
                raise BadInput(f"{manifest}: the column {twice[0]!r} stands twice; keep one")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{manifest}: not readable as CSV: {error}") from None
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise BadInput(f"{manifest}: record {number} has not as many fields as the header")
    return [{name: text.strip() for name, text in row.items() if text.strip()} for row in rows]


def _json_rows(manifest: Path) -> list[Row]:
    try:
        rows = json.loads(read_bytes(manifest), object_pairs_hook=each_once)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{manifest}: not readable as JSON: {error}") from None
    except BadInput as error:
        raise BadInput(f"{manifest}: {str(error).removeprefix(f'{manifest}: ')}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{manifest}: not a list of objects, one a file")
    return rows


def read_quantities(
    row: Row, columns: Sequence[Column], inside: Callable[[str], Path]
) -> dict[str, FloatArray]:
    """What a row states, by name, in the units of the columns; ``inside`` finds named files.

    Raises:
        BadInput: a cell does not hold what its column wants, or a quantity stands there twice.
    """
    by_name = {column.name: column for column in columns}
    values: dict[str, FloatArray] = {}
    for heading, content in row.items():
        quantity = QUANTITY.match(heading)
        if not quantity:
            continue
        column = by_name[quantity["name"]]
        if column.name in values:
            raise BadInput(f"{column.name} stands in two columns")
        try:
            if column.in_file and isinstance(content, str):
                content = inside(content)
            values[column.name] = factor(quantity["unit"], column.unit) * column.read(content)
        except BadInput as error:
            raise BadInput(f"{heading}: {error}") from None
    return values
