"""What came and went between two versions of a dataset; its cost grows with what differs."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from matops.artifacts.dataset import part_paths


def count_rows(directory: Path) -> int:
    """Rows of a dataset, from the footers of its parts."""
    return sum(pq.read_metadata(path).num_rows for path in part_paths(directory))


def rows_between(before: Path, after: Path) -> tuple[int, int]:
    """Numbers of rows that came and that went from one version to another.

    Parts are immutable and named by their content, so only those that one side lacks are read.
    """
    old = {path.name: path for path in part_paths(before)}
    new = {path.name: path for path in part_paths(after)}
    came = _ids(new[name] for name in new.keys() - old.keys())
    went = _ids(old[name] for name in old.keys() - new.keys())
    return len(came - went), len(went - came)


def _ids(parts: Iterable[Path]) -> set[str]:
    return {
        identity
        for part in parts
        for identity in pq.read_table(part, columns=["id"])["id"].to_pylist()
    }
