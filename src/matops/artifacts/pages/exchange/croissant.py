"""The data that trained a model as Croissant: files with hashes, and a record set with fields."""

import json
from collections.abc import Iterable
from typing import Any

import mlcroissant as mlc
from mlcroissant import DataType

from matops.artifacts.data.dataset import PARTS, PROVENANCE_COLUMNS
from matops.artifacts.pages.exchange.publication import (
    DATA,
    UNSTATED,
    DataPart,
    Publication,
    licence_address,
)
from matops.core.data.target import Target

RECORDS, FILES = "records", "parts"
PARQUET = "application/x-parquet"
"""As mlcroissant names the format."""
TEXTS = {
    "id": "Hash of the record's content",
    "group": "What is never split between training and test, as a reduced formula",
    "payload": "The sample, as JSON; a request to the model carries the same",
    "source": "Kind of source, as simulation or cif-directory",
    "origin": "File and record inside it, or the simulated sample's name",
    "engine": "Program that made the label, with version",
    "method": "Potential or functional",
    "date": "ISO date on which the label was made or read",
    "licence": "Licence of the label",
}
"""Columns of text; those of the targets come after them."""


def render_croissant(published: Publication) -> str:
    """The file's content; the same text for the same input.

    Raises:
        ValueError: there are no parts, or mlcroissant finds fault with what describes them.
    """
    context = mlc.Context(conforms_to="http://mlcommons.org/croissant/1.1")
    card, beside = published.card, published.parts[0].address.startswith(f"{DATA}/")
    files: list[Any] = [_file(context, part) for part in published.parts]
    source = files[0].id
    if beside or len(files) > 1:
        source = FILES
        files.append(_all_files(context, published.parts, beside))
    columns = [_text(context, name, source) for name in ("id", "group", "payload")]
    columns += [_text(context, name, source) for name in PROVENANCE_COLUMNS]
    columns += [_target(context, target, source) for target in card.targets]
    licences = published.data_licences or (UNSTATED,)
    metadata = mlc.Metadata(
        ctx=context,
        name=f"{card.family}-data",
        description=f"{sum(p.rows for p in published.parts)} labelled samples: {published.title}",
        # Croissant wants a semantic version: the hash, which is the version, stands in its build
        version=f"0.0.0+{card.data.version}",
        license=[name if name == UNSTATED else licence_address(name) for name in licences],
        creators=[mlc.Person(ctx=context, name=published.stated.author)],
        distribution=files,
        record_sets=[
            mlc.RecordSet(
                ctx=context,
                id=RECORDS,
                name=RECORDS,
                description="One labelled sample a record",
                key=[f"{RECORDS}/id"],
                fields=columns,
            )
        ],
    )
    return json.dumps(metadata.to_json(), indent=2, ensure_ascii=False, default=str) + "\n"


def _file(context: Any, part: DataPart) -> Any:
    return mlc.FileObject(
        ctx=context,
        id=part.name,
        name=part.name,
        description=f"{part.rows} records",
        content_url=part.address,
        content_size=f"{part.size_bytes} B",
        encoding_formats=[PARQUET],
        sha256=part.sha256,
    )


def _all_files(context: Any, parts: Iterable[DataPart], beside: bool) -> Any:
    """All parts together: a folder of the export, or the files wherever they lie."""
    return mlc.FileSet(
        ctx=context,
        id=FILES,
        name=FILES,
        description="All parts",
        encoding_formats=[PARQUET],
        includes=[f"{DATA}/{PARTS}" if beside else PARTS],
        contained_in=[] if beside else [part.name for part in parts],
    )


def _column(context: Any, name: str, source: str) -> Any:
    extract = mlc.Extract(ctx=context, column=name)
    named = {"file_set": source} if source == FILES else {"file_object": source}
    return mlc.Source(ctx=context, extract=extract, **named)


def _text(context: Any, name: str, source: str) -> Any:
    return mlc.Field(
        ctx=context,
        id=f"{RECORDS}/{name}",
        name=name,
        description=TEXTS[name],
        data_types=[DataType.TEXT],
        source=_column(context, name, source),
    )


def _target(context: Any, target: Target, source: str) -> Any:
    """A target's field; its unit stands in words and, for programs, in an annotation."""
    identity = f"{RECORDS}/{target.name}"
    form = f"; {target.form}, row by row" if target.form else ""
    unit = mlc.Field(
        ctx=context,
        id=f"{identity}/unit",
        name="unit",
        description="Unit of the values",
        data_types=[DataType.TEXT],
        equivalentProperty=["https://schema.org/unitText"],
        value=target.unit,
    )
    return mlc.Field(
        ctx=context,
        id=identity,
        name=target.name,
        description=f"{target.description}, in {target.unit}{form}",
        data_types=[DataType.FLOAT],
        is_array=None if target.is_scalar else True,
        array_shape=None if target.is_scalar else "-1",
        annotations=[unit],
        source=_column(context, target.name, source),
    )
