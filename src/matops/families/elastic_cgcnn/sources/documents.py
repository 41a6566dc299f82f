"""JSON of crystals with moduli or elastic tensors: tables, and documents one a file."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from matops.core.data.json_rows import JsonTable
from matops.core.data.record import Provenance, Quarantined, Record, or_quarantined
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.labels import HEADINGS, moduli_GPa
from matops.families.elastic_cgcnn.crystals.tensors import (
    check_agreement,
    moduli_of_tensor,
    tensor_of_document,
)
from matops.families.elastic_cgcnn.sources.record import (
    AVERAGED,
    ELASTIC_TENSOR,
    labelled_crystal,
)

ID_NAMES = ("material_id", "mp_id", "id", "name")


def read_json(files: Sequence[Path], stated: Provenance) -> Incoming:
    """Documents one a file, and tables; of several tables, each has a part of a structure's row."""
    tables = []
    for table in map(JsonTable, files):
        try:
            document = _document(table)
        except BadInput as error:
            if len(files) == 1:
                raise
            origin = str(table.path)
            yield Quarantined(origin, str(error).removeprefix(f"{origin}: "))
            continue
        if document is None:
            tables.append(table)
        else:
            yield _json_item(document, str(table.path), _id_of(document), stated)
    if tables:
        yield from _read_tables(tables, stated)


def _document(table: JsonTable) -> Mapping[str, Any] | None:
    """The one crystal that a file is, as atomate2 and its store of jobs write it."""
    document = table.document()
    if document is None:
        return None
    output = document.get("output")
    if isinstance(output, Mapping) and "structure" not in document:
        document = dict(output)
    if "structure" not in document and "lattice" not in document:
        raise BadInput(f"{table.path}: neither a list of records, a table nor one structure")
    return document


def _read_tables(tables: list[JsonTable], stated: Provenance) -> Incoming:
    for table in tables:
        table.check()
    place = str(tables[0].path if len(tables) == 1 else tables[0].path.parent)
    rows = tables[0].rows() if len(tables) == 1 else _joined(tables)
    for number, (index, row) in enumerate(rows):
        yield _json_item(row, place, index or _id_of(row) or f"record {number}", stated)


def _id_of(row: Mapping[str, Any]) -> str:
    return next((str(row[key]) for key in ID_NAMES if key in row), "")


def _json_item(
    row: Mapping[str, Any], place: str, name: str, stated: Provenance
) -> Record | Quarantined:
    origin = f"{place}: {name}" if name else place
    provenance = replace(stated, origin=origin, source="json")
    return or_quarantined(origin, partial(_json_record, row, provenance))


def _joined(tables: list[JsonTable]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of several tables that hold the same structure, merged into one row each.

    A structure that one table holds twice is merged with its first and second twin in the others.
    What two tables say differently of it stands in the row as both, in a list.
    The tables are read twice, so that no structure is held.
    """
    labels: dict[tuple[bytes, int], dict[str, Any]] = {}
    for key, _, row in _by_structure(tables):
        row.pop("structure", None)
        merged = labels.setdefault(key, {})
        for heading, content in row.items():
            is_told_twice = heading in HEADINGS and merged.get(heading, content) != content
            merged[heading] = [merged[heading], content] if is_told_twice else content
    for key, name, row in _by_structure(tables):
        others = labels.pop(key, None)
        if others is not None:
            yield name, row | others


def _by_structure(
    tables: list[JsonTable],
) -> Iterator[tuple[tuple[bytes, int], str, dict[str, Any]]]:
    """Every row behind its structure's hash and the number of the twin that it is."""
    for table in tables:
        seen: Counter[bytes] = Counter()
        for name, row in table.rows():
            structure = json.dumps(row.get("structure"), sort_keys=True)
            digest = hashlib.sha256(structure.encode()).digest()[:16]
            yield (digest, seen[digest]), name, row
            seen[digest] += 1


def _json_record(row: Mapping[str, Any], provenance: Provenance) -> Record:
    state = row.get("state", "successful")
    if state != "successful":
        raise BadInput(f"the calculation's state is {state!r}, not 'successful'")
    if row.get("deprecated") is True:
        raise BadInput("the document is deprecated")
    tensor = tensor_of_document(row)
    if tensor is None:
        moduli = moduli_GPa(row)
    else:
        moduli = moduli_of_tensor(tensor.stiffness_GPa)
        check_agreement(row, tensor, moduli)
        origin = f"{provenance.origin}: {AVERAGED} {tensor.place}"
        provenance = replace(provenance, source=ELASTIC_TENSOR, origin=origin)
    if "structure" in row:
        payload: dict[str, Any] = {"structure": row["structure"]}
    else:
        payload = {"crystal": {**row, "lattice_A": row.get("lattice")}}
    return labelled_crystal(parse_crystal(payload), moduli, provenance)
