"""A directory of CIFs with a table of their moduli."""

import csv
from dataclasses import replace
from functools import partial
from io import TextIOWrapper
from pathlib import Path

from matops.core.data.file_content import PACKED_ENDINGS, open_unpacked
from matops.core.data.record import Provenance, Record, or_quarantined
from matops.core.errors import BadInput
from matops.core.family import Incoming
from matops.families.elastic_cgcnn.about import ID_PROP
from matops.families.elastic_cgcnn.crystals.formats import parse_crystal
from matops.families.elastic_cgcnn.crystals.labels import moduli_GPa, table_headings
from matops.families.elastic_cgcnn.files import load_request
from matops.families.elastic_cgcnn.sources.record import labelled_crystal


def read_cif_directory(directory: Path, stated: Provenance) -> Incoming:
    """A record for each row of the directory's table.

    Raises:
        BadInput: the table is not readable, or its headings are not understood.
    """
    table = directory / ID_PROP
    try:
        with open_unpacked(table) as file:
            text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
            rows = [row for row in csv.reader(text) if row]
    except csv.Error as error:
        raise BadInput(f"{table}: not readable as CSV: {error}") from None
    headings, taken = table_headings(rows, str(table))
    for number, row in enumerate(rows[taken:], start=1):
        origin = f"{directory / row[0].strip()}.cif"
        record = partial(_cif_record, directory, row, headings, replace(stated, origin=origin))
        yield or_quarantined(origin, record, f" ({ID_PROP}, record {number})")


def _cif_record(directory: Path, row: list[str], headings: list[str], stated: Provenance) -> Record:
    if len(row) != len(headings):
        raise BadInput(
            f"{len(row)} fields in {len(headings)} columns; decimals take a point: {','.join(row)}"
        )
    moduli = moduli_GPa(dict(zip(headings, row, strict=True)))
    names = [f"{row[0].strip()}.cif{ending}" for ending in ("", *PACKED_ENDINGS)]
    try:
        paths = [directory / name for name in names]
        path = next((path for path in paths if path.is_file()), paths[0])
        if path.resolve().parent != directory.resolve() or not path.is_file():
            raise BadInput("no such file")
        crystal = parse_crystal(load_request(path))
    except (OSError, ValueError) as error:
        raise BadInput(f"not a readable file: {error}") from None
    return labelled_crystal(crystal, moduli, replace(stated, source="cif-directory"))
