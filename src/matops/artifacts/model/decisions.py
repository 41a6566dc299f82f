"""The decisions on a family's releases: JSON lines that are only ever added to."""

from contextlib import closing
from pathlib import Path

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.release.decision import Decision
from matops.processes.append_only import AppendOnlyFile, whole_lines


def add_decision(path: Path, decision: Decision) -> None:
    """Write a decision and wait until it is on disk."""
    with closing(AppendOnlyFile(path, wait=True)) as file:
        file.append(to_json(decision))


def read_decisions(path: Path) -> list[Decision]:
    """All decisions, the oldest first.

    Raises:
        BadInput: a line is none.
    """
    return [from_json(line, Decision, str(path)) for line in whole_lines(path)]
