"""Where the records of a dataset come from: counts by part, and one record down to its source."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from matops.artifacts.data.dataset import PROVENANCE_COLUMNS, part_paths, restored
from matops.core.data.record import Provenance
from matops.core.data.target import Target
from matops.core.data.value import Value

ORIGIN = ["source", "engine", "method", "date"]


@dataclass(frozen=True)
class OriginCount:
    """How many rows share a source, engine, method and date."""

    source: str
    engine: str
    method: str
    date: str
    rows: int


@dataclass(frozen=True)
class PartOrigins:
    """One part: its file's name, its rows, and where they come from, most first."""

    name: str
    rows: int
    origins: tuple[OriginCount, ...]


@dataclass(frozen=True)
class FoundRecord:
    """One record where it lies."""

    id: str  # its id
    group: str  # its group
    part: str  # file name of the part that holds it
    targets: dict[str, Value]  # its labels, in the targets' units
    provenance: Provenance  # source file, engine, method, date and licence


def count_origins(directory: Path) -> tuple[PartOrigins, ...]:
    """Every part of a dataset, without reading payloads."""
    parts = []
    for path in part_paths(directory):
        columns = [column.to_pylist() for column in pq.read_table(path, columns=ORIGIN).columns]
        counts = Counter(zip(*columns, strict=True))
        origins = tuple(
            OriginCount(**dict(zip(ORIGIN, origin, strict=True)), rows=rows)
            for origin, rows in counts.most_common()
        )
        parts.append(PartOrigins(path.name, counts.total(), origins))
    return tuple(parts)


def find_record(directory: Path, identity: str, targets: tuple[Target, ...]) -> FoundRecord | None:
    """The record with an id, without reading payloads; None if the dataset does not have it."""
    names = [target.name for target in targets]
    columns = ["id", "group", *PROVENANCE_COLUMNS, *names]
    for path in part_paths(directory):
        rows = pq.read_table(path, columns=columns, filters=[("id", "==", identity)])
        for row in rows.to_pylist():
            return FoundRecord(
                id=identity,
                group=row["group"],
                part=path.name,
                targets={target.name: restored(target, row[target.name]) for target in targets},
                provenance=Provenance(**{name: row[name] for name in PROVENANCE_COLUMNS}),
            )
    return None
