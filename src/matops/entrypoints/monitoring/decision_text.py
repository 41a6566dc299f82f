"""A decision on retraining as it is handed on, and as Markdown and table.

Nothing heavy is imported: a step that has nothing to do costs no more than it must.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.text import Text

from matops.artifacts.jsonfile import read_json
from matops.core.monitoring.retraining import RetrainingDecision
from matops.entrypoints.tables import (
    limit_text,
    markdown_table,
    measured_text,
)
from matops.entrypoints.whole_table import Cell, WholeTable

Mark = TypeVar("Mark", bound=Cell)
COLUMNS = ("", "criterion", "measured", "limit", "in words")


@dataclass(frozen=True)
class Considered:
    """A decision on retraining, as it is handed from step to step."""

    family: str
    data: str  # dataset version that was considered
    decision: RetrainingDecision  # whether to retrain, and why


def read_considered(path: Path) -> Considered:
    """The decision that :func:`matops.entrypoints.monitoring.retraining.consider` wrote."""
    return read_json(path, Considered)


def _rows(decision: RetrainingDecision, met: Mark) -> Iterator[tuple[Mark | str, ...]]:
    for c in decision.criteria:
        limit = f">= {limit_text(c.limit, c.unit)}"
        yield met if c.met else "", c.name, measured_text(c.measured), limit, c.reason


def explain_considered(path: Path) -> str:
    """The same decision as Markdown: every criterion with its limit and measured value."""
    considered = read_considered(path)
    table = markdown_table(COLUMNS, _rows(considered.decision, "**met**"))
    title = f"# {considered.family}, data {considered.data}"
    alarm = f"**Alarm: {considered.decision.alarm}**\n\n" if considered.decision.alarm else ""
    return f"{title}\n\n{alarm}**{considered.decision.reason}**\n\n{table}"


def decision_table(family: str, decision: RetrainingDecision) -> WholeTable:
    """The same for a terminal."""
    alarm = f"ALARM: {decision.alarm}\n" if decision.alarm else ""
    title = f"{alarm}{family}: {decision.reason}"
    rows = _rows(decision, Text("met", "bold"))
    return WholeTable(COLUMNS, rows, prose=("criterion", "in words"), title=title)
