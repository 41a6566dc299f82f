"""Sources of surfaces with known invariants."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from matops.core.data.file_content import open_table, unpacked_name
from matops.core.data.record import Payload, Provenance, Record, make_record, or_quarantined
from matops.core.data.sources import unknown_layout
from matops.core.data.value import plain_number
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.surface_eql.about import LAYOUTS, TARGETS
from matops.families.surface_eql.surfaces.bulk import Bulk
from matops.families.surface_eql.surfaces.surface import SURFACE, SURFACE_OF_BULK, parse_surface

INDICES = ("h", "k", "l")


def read_source(source: Path, stated: Provenance) -> Incoming:
    """Records of a table in the layout of ``LAYOUTS``.

    Raises:
        BadInput: there is no such file, or it is no such table.
    """
    if not source.is_file() or not unpacked_name(source).endswith(".csv"):
        raise unknown_layout(source, LAYOUTS)
    stated = replace(stated, source=stated.source or "table")
    with open_table(source) as file, TextIOWrapper(file, "utf-8-sig") as text:
        rows = csv.DictReader(text)
        needed = [*INDICES, *(target.name for target in TARGETS)]
        missing = [name for name in needed if name not in (rows.fieldnames or ())]
        if missing:
            raise BadInput(f"{source}: no column {' and no column '.join(missing)}")
        for number, row in enumerate(rows, start=1):
            origin = f"{source}: row {number}"
            yield or_quarantined(origin, partial(_record, row, replace(stated, origin=origin)))


def _record(row: Mapping[str, str], provenance: Provenance) -> Record:
    surface: dict[str, Any] = {"hkl": [_index(row[name]) for name in INDICES]}
    if row.get("metal"):
        payload = {SURFACE: {"metal": row["metal"], **surface}}
    else:
        bulk = {name: plain_number(row.get(name) or "") for name in Bulk._fields}
        payload = {SURFACE_OF_BULK: {"bulk": bulk, **surface}}
    return labelled_surface(payload, row, provenance)


def _index(text: str) -> int:
    number = plain_number(text)
    if number != int(number):
        raise BadInput(f"Miller index {number:g} is not whole")
    return int(number)


def labelled_surface(payload: Payload, values: Mapping[str, Any], provenance: Provenance) -> Record:
    """A record of this family; one orientation in all metals is one group.

    Raises:
        BadInput: the payload is no surface, or a value is missing or not physical.
    """
    return make_record(parse_surface(payload).group, payload, values, TARGETS, provenance)
