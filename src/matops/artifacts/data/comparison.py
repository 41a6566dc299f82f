"""What came and went between two versions of a dataset; its cost grows with what differs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matops.artifacts.data.dataset import part_paths


@dataclass(frozen=True)
class Counts:
    """Records on one side of a comparison."""

    rows: int
    sources: dict[str, int]  # rows by kind of source
    origins: dict[str, int]  # rows by file, or by simulated sample


@dataclass(frozen=True)
class Comparison:
    """What the second version has that the first lacks, and the other way round."""

    came: Counts
    went: Counts


def compare_datasets(before: Path, after: Path) -> Comparison:
    """Compare two versions that lie in directories.

    Parts are immutable and named by their content, so only those that one side lacks are read.
    """
    old = {path.name: path for path in part_paths(before)}
    new = {path.name: path for path in part_paths(after)}
    lost, gained = old.keys() - new.keys(), new.keys() - old.keys()
    return compare_parts([old[name] for name in lost], [new[name] for name in gained])


def compare_parts(only_first: Iterable[Path], only_second: Iterable[Path]) -> Comparison:
    """Compare two versions by the parts that they do not share."""
    before, after = _read(only_first), _read(only_second)
    return Comparison(
        came=_count(row for identity, row in after.items() if identity not in before),
        went=_count(row for identity, row in before.items() if identity not in after),
    )


def _read(parts: Iterable[Path]) -> dict[str, tuple[str, str]]:
    """Source and origin by record id."""
    columns = ["id", "source", "origin"]
    tables: list[pa.Table] = [pq.read_table(part, columns=columns) for part in parts]
    return {
        row["id"]: (row["source"], row["origin"]) for table in tables for row in table.to_pylist()
    }


def _count(rows: Iterable[tuple[str, str]]) -> Counts:
    listed = list(rows)
    sources = Counter(source for source, _ in listed)
    # "alloys.json: row 7" comes from alloys.json.
    origins = Counter(origin.partition(": ")[0] for _, origin in listed)
    return Counts(len(listed), dict(sources.most_common()), dict(origins.most_common()))
