"""The append-only record of a campaign: one JSON line per finished task."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from matops.core.data.shard import Shard
from matops.core.errors import BadInput

RESULTS_FILE, SHARDS = "results.jsonl", "shards"


class CampaignRunningError(BadInput):
    """Another campaign is writing to the same folder."""


@dataclass(frozen=True)
class TaskRecord:
    """Outcome of one task."""

    key: str  # content hash of the task, see ``task_key``
    result: dict[str, Any] | None  # what the simulation returned; None if it failed
    failure: str | None  # why it failed; None if it did not


def task_key(simulate: Callable[..., Any], task: Mapping[str, Any]) -> str:
    """Content hash (SHA-256, hex) of a task and of the name of the function that runs it.

    Raises:
        TypeError: if the task cannot be written as JSON.
        ValueError: if it holds a NaN or an infinity.
    """
    content = {"simulate": f"{simulate.__module__}.{simulate.__qualname__}", "task": task}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_records(work_dir: Path) -> dict[str, TaskRecord]:
    """Read the records of a campaign by key; a last line cut short by a kill is left out.

    Args:
        work_dir: folder of the campaign; it need not exist yet.
    """
    path = work_dir / RESULTS_FILE
    if not path.exists():
        return {}
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    records = (TaskRecord(**json.loads(line)) for line in whole.splitlines())
    return {record.key: record for record in records}


def ledger_directory(work_dir: Path, shard: Shard) -> Path:
    """Where a share of a campaign keeps its results; nobody else writes there."""
    return work_dir if shard.whole else work_dir / SHARDS / f"{shard.index}-of-{shard.count}"


def read_campaign(work_dir: Path) -> dict[str, TaskRecord]:
    """Read the records of a campaign and of all its shards, into how many it ever was split."""
    places = [*sorted((work_dir / SHARDS).glob("*-of-*")), work_dir]
    return {key: record for place in places for key, record in read_records(place).items()}


class Ledger:
    """The results file, open for appending by one campaign at a time; to be closed.

    Args:
        work_dir: folder of the campaign, made if missing.

    Raises:
        CampaignRunningError: if another campaign holds the file.
    """

    def __init__(self, work_dir: Path) -> None:
        """Open the results file and cut off what a kill left unfinished."""
        work_dir.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = (work_dir / RESULTS_FILE).open("ab+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise CampaignRunningError(f"another campaign is running in {work_dir}") from error
        self._cut_torn_line()

    def close(self) -> None:
        """Close the file, which releases it to others."""
        self._file.close()

    def append(self, record: TaskRecord) -> None:
        """Write a record and wait until it is on disk."""
        line = json.dumps(asdict(record), sort_keys=True) + "\n"
        self._file.write(line.encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def _cut_torn_line(self) -> None:
        # Else the first new record would be glued to the torn one, and both be lost.
        self._file.seek(0)
        whole, newline, _ = self._file.read().rpartition(b"\n")
        self._file.truncate(len(whole) + len(newline))
