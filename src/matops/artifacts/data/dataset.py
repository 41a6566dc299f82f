"""A dataset: a directory of immutable Parquet parts, each named by its content."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from matops.core.data.record import Provenance, Record
from matops.core.data.sifting.contradiction import text_key
from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.data.value import Value
from matops.core.errors import BadInput
from matops.processes.atomic import atomic

PARTS = "part-*.parquet"
BATCH = 1000
PROVENANCE_COLUMNS = tuple(Provenance.__dataclass_fields__)


def part_schema(targets: tuple[Target, ...]) -> pa.Schema:
    """Columns of a part; a target's unit stands in its column's metadata.

    An array lies there as a list of its numbers, row by row, and the metadata have its form.
    """
    text = pa.string()
    columns = [pa.field(name, text, nullable=False) for name in ("id", "group", "payload")]
    columns += [pa.field(name, text, nullable=False) for name in PROVENANCE_COLUMNS]
    columns += [pa.field(t.name, _kind(t), nullable=False, metadata=_metadata(t)) for t in targets]
    return pa.schema(columns)


def _kind(target: Target) -> pa.DataType:
    return pa.float64() if target.is_scalar else pa.list_(pa.float64())


def _metadata(target: Target) -> dict[str, str]:
    return {"unit": target.unit} | ({} if target.is_scalar else {"form": target.form})


def _stored(value: Value) -> float | list[float]:
    return value if isinstance(value, float) else np.ravel(value).tolist()


def restored(target: Target, stored: Any) -> Value:
    """A value as records have it, from what lies in a part."""
    if target.is_scalar:
        return stored
    rows = () if target.axis == SAMPLE_AXIS else (-1,)
    return np.reshape(stored, (*rows, *target.shape)).tolist()


def write_part(directory: Path, records: Sequence[Record], targets: tuple[Target, ...]) -> Path:
    """Write one part and return its path.

    The name is a hash of the rows, so writing the same rows twice gives the same file. The file
    appears whole or not at all.
    """
    rows = [
        {
            "id": record.id,
            "group": record.group,
            "payload": json.dumps(record.payload, sort_keys=True, separators=(",", ":")),
            **vars(record.provenance),
            **{target.name: _stored(record.targets[target.name]) for target in targets},
        }
        for record in sorted(records, key=lambda record: record.id)
    ]
    table = pa.Table.from_pylist(rows, schema=part_schema(targets))
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]
    path = directory / f"part-{digest}.parquet"
    with atomic(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")
    return path


def part_paths(directory: Path) -> list[Path]:
    """All parts of a dataset, sorted by name."""
    return sorted(directory.glob(PARTS))


def count_rows(directory: Path) -> int:
    """Rows of a dataset, from the footers of its parts."""
    return sum(pq.read_metadata(path).num_rows for path in part_paths(directory))


def part_ids(path: Path) -> list[str]:
    """Ids of a part's records, without reading payloads."""
    ids: list[str] = pq.read_table(path, columns=["id"])["id"].to_pylist()
    return ids


def part_samples(path: Path) -> Iterator[tuple[str, str]]:
    """Ids of a part's records, each with its sample's key; no more than a batch is held."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=["id", "payload"]):
            ids, payloads = (batch[name].to_pylist() for name in ("id", "payload"))
            yield from zip(ids, map(text_key, payloads), strict=True)


def record_ids(directory: Path) -> set[str]:
    """Ids of all records, without reading payloads."""
    return {identity for path in part_paths(directory) for identity in part_ids(path)}


def _check_units(path: Path, schema: pa.Schema, targets: tuple[Target, ...]) -> None:
    for target in targets:
        if target.name not in schema.names:
            raise BadInput(f"{path.name}: no column {target.name}")
        metadata = schema.field(target.name).metadata or {}
        unit, form = (metadata.get(name, b"").decode() for name in (b"unit", b"form"))
        if unit != target.unit:
            raise BadInput(f"{path.name}: {target.name} is in {unit!r}, not in {target.unit!r}")
        if form != target.form:
            raise BadInput(f"{path.name}: {target.name} has the form {form!r}, not {target.form!r}")


def read_records(directory: Path, targets: tuple[Target, ...]) -> Iterator[Record]:
    """All records of a dataset, part by part.

    Raises:
        BadInput: a part lacks a target or has it in another unit.
    """
    for path in part_paths(directory):
        yield from read_part(path, targets)


def read_part(
    path: Path, targets: tuple[Target, ...], ids: Collection[str] | None = None
) -> Iterator[Record]:
    """The records of one part, all or those with some ids.

    Raises:
        BadInput: it lacks a target or has it in another unit.
    """
    table = pq.read_table(path, filters=None if ids is None else pc.field("id").isin(list(ids)))
    _check_units(path, table.schema, targets)
    for row in table.to_pylist():
        yield Record(
            id=row["id"],
            group=row["group"],
            payload=json.loads(row["payload"]),
            targets={t.name: restored(t, row[t.name]) for t in targets},
            provenance=Provenance(**{name: row[name] for name in PROVENANCE_COLUMNS}),
        )


def read_targets(directory: Path, targets: tuple[Target, ...]) -> dict[str, NDArray[np.float64]]:
    """All labels of a dataset by target, in the target's unit, without reading payloads.

    Of an array it is the :func:`~matops.core.data.value.magnitude`.

    Raises:
        BadInput: a part lacks a target or has it in another unit.
    """
    values: dict[str, list[NDArray[np.float64]]] = {target.name: [] for target in targets}
    for path in part_paths(directory):
        _check_units(path, pq.read_schema(path), targets)
        table = pq.read_table(path, columns=list(values))
        for name, columns in values.items():
            columns.append(_magnitudes(table[name]))
    return {name: np.concatenate([np.zeros(0), *columns]) for name, columns in values.items()}


def _magnitudes(column: pa.ChunkedArray) -> NDArray[np.float64]:
    if not pa.types.is_list(column.type):
        return np.asarray(column.to_numpy())
    lengths = pc.list_value_length(column).to_numpy()
    squares = np.square(pc.list_flatten(column).to_numpy())
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return np.asarray(np.sqrt(np.bincount(owner, squares, minlength=len(lengths)) / lengths))
