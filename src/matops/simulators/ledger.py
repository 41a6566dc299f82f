"""The append-only record of a campaign: one JSON line per finished task."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matops.core.data.shard import Shard
from matops.core.errors import BadInput
from matops.processes.append_only import AppendOnlyFile, whole_lines

RESULTS_FILE, SHARDS = "results.jsonl", "shards"


class CampaignRunningError(BadInput):
    """Another campaign is writing to the same folder."""


@dataclass(frozen=True)
class TaskRecord:
    """Outcome of one task: a result, or why there is none."""

    key: str  # content hash of the task, see ``task_key``
    result: dict[str, Any] | None
    failure: str | None


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
    """Records of a campaign by key; a last line cut short by a kill is left out.

    Raises:
        BadInput: a line is none.
    """
    path = work_dir / RESULTS_FILE
    records: dict[str, TaskRecord] = {}
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            record = TaskRecord(**json.loads(line))
        except (ValueError, TypeError):
            raise BadInput(
                f"{path}: line {number} is damaged; without it, its task is simulated again"
            ) from None
        records[record.key] = record
    return records


def ledger_directory(work_dir: Path, shard: Shard) -> Path:
    """Where a share of a campaign keeps its results; nobody else writes there."""
    return work_dir if shard.whole else work_dir / SHARDS / f"{shard.index}-of-{shard.count}"


def read_campaign(work_dir: Path) -> dict[str, TaskRecord]:
    """Read the records of a campaign and of all its shards, into how many it ever was split."""
    places = [*sorted((work_dir / SHARDS).glob("*-of-*")), work_dir]
    return {key: record for place in places for key, record in read_records(place).items()}


class Ledger(AppendOnlyFile):
    """The results file, open for appending by one campaign at a time.

    Raises:
        CampaignRunningError: if another campaign holds the file.
    """

    def __init__(self, work_dir: Path) -> None:
        try:
            super().__init__(work_dir / RESULTS_FILE)
        except BlockingIOError as error:
            raise CampaignRunningError(f"another campaign is running in {work_dir}") from error

    def add(self, record: TaskRecord) -> None:
        """Write a record and wait until it is on disk."""
        self.append(json.dumps(asdict(record), sort_keys=True).encode())
