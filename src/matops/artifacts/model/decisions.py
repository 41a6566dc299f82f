"""The decisions on a family's releases: JSON lines that are only ever added to."""

from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.release.decision import Decision
from matops.processes.append_only import whole_lines
from matops.processes.indexed_file import IndexedFile


def add_decision(path: Path, decision: Decision) -> None:
    """Write a decision and wait until it is on disk."""
    with closing(_open(path)) as file:
        file.append(to_json(decision))


def read_decisions(path: Path) -> list[Decision]:
    """All decisions, the oldest first.

    Raises:
        BadInput: a line is none.
    """
    lines = enumerate(whole_lines(path), start=1)
    return [from_json(line, Decision, f"{path}: line {number}") for number, line in lines]


def last_time(path: Path) -> str:
    """When the last decision was written, ISO time in UTC; empty while there is none."""
    if not path.is_file():
        return ""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()


def find_end(path: Path, version: str) -> Decision | None:
    """The decision that ended the last release of a version; None while there is none.

    What it costs does not grow with the number of decisions.

    Raises:
        BadInput: a line that was added since the last question is none.
    """
    if not path.is_file():
        return None
    with closing(_open(path)) as file:
        line = file.find(version)
    return from_json(line, Decision, str(path)) if line else None


def _open(path: Path) -> IndexedFile:
    return IndexedFile(path, partial(_ended_version, path), wait=True)


def _ended_version(path: Path, line: bytes) -> tuple[str, ...]:
    decision = from_json(line, Decision, str(path))
    return (decision.version,) if decision.ended else ()
