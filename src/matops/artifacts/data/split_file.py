"""A user's own split in a file: CSV with a heading, or JSON."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any, Literal

from matops.core.data.json_rows import each_once
from matops.core.data.split import PARTS, OwnSplit, Part
from matops.core.errors import BadInput

KEYS: tuple[Literal["id", "group"], ...] = ("id", "group")
Row = Mapping[str, Any]


def parse_split(content: bytes, file: str) -> OwnSplit:
    """The split that a file says.

    CSV has a column ``id`` or ``group``, and ``part`` or ``fold`` or both; where it has ids, its
    groups are for people, as are all other columns. JSON is a list of such objects, or one object
    of ids and parts.

    Raises:
        BadInput: a heading is missing, an id or a group stands there twice, a part is none, or a
            fold is no whole number from 0.
    """
    text = content.decode("utf-8-sig", errors="replace")
    read_rows = _json_rows if text.lstrip()[:1] in ("[", "{") else _csv_rows
    rows = list(read_rows(text, file))
    by = next((key for key in KEYS if rows and key in rows[0][1]), None)
    if by is None:
        raise BadInput(f"{file}: no column {' and no column '.join(KEYS)}, or no rows")
    parts: dict[str, Part] = {}
    folds: dict[str, int] = {}
    seen = set()
    for place, row in rows:
        key = str(row.get(by) or "")
        if not key:
            raise BadInput(f"{file}: {place}: no {by}")
        if key in seen:
            raise BadInput(f"{file}: {place}: {by} {key} stands there twice")
        seen.add(key)
        if "part" in rows[0][1]:
            parts[key] = _part(row.get("part"), f"{file}: {place}")
        if "fold" in rows[0][1]:
            folds[key] = _fold(row.get("fold"), f"{file}: {place}")
    return OwnSplit(file, hashlib.sha256(content).hexdigest(), by, parts, folds)


def _csv_rows(text: str, file: str) -> Iterable[tuple[str, Row]]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        headings = [name.strip() for name in reader.fieldnames or []]
        if len(set(headings)) < len(headings):
            raise BadInput(f"{file}: a column stands twice: {', '.join(headings)}")
        reader.fieldnames = headings
        for row in reader:
            if None in row or None in row.values():
                raise BadInput(f"{file}: line {reader.line_num}: not as many fields as the heading")
            yield f"line {reader.line_num}", {name: cell.strip() for name, cell in row.items()}
    except csv.Error as error:
        raise BadInput(f"{file}: not readable as CSV: {error}") from None


def _json_rows(text: str, file: str) -> Iterable[tuple[str, Row]]:
    try:
        content = json.loads(text, object_pairs_hook=each_once)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file}: not readable as JSON: {error}") from None
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from None
    if isinstance(content, dict):
        content = [{"id": key, "part": part} for key, part in content.items()]
    for number, row in enumerate(content, start=1):
        if not isinstance(row, dict):
            raise BadInput(f"{file}: record {number}: not an object")
        yield f"record {number}", row


def _part(content: Any, place: str) -> Part:
    for part in PARTS:
        if content == part:
            return part
    raise BadInput(f"{place}: the part {content!r} is none of {', '.join(PARTS)}")


def _fold(content: Any, place: str) -> int:
    number = int(content) if isinstance(content, str) and content.isdecimal() else content
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise BadInput(f"{place}: the fold {content!r} is no whole number from 0")
    return number
