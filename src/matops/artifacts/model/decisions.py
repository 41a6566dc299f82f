"""The decisions on a family's releases: JSON lines that are only ever added to."""

import fcntl
import os
from pathlib import Path

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.release.decision import Decision


def add_decision(path: Path, decision: Decision) -> None:
    """Write a decision and wait until it is on disk; a line that a kill left unfinished goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        whole, newline, _ = file.read().rpartition(b"\n")
        file.truncate(len(whole) + len(newline))
        file.write(to_json(decision) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_decisions(path: Path) -> list[Decision]:
    """All decisions, the oldest first.

    Raises:
        BadInput: a line is none.
    """
    if not path.is_file():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [from_json(line, Decision, str(path)) for line in whole.splitlines()]
