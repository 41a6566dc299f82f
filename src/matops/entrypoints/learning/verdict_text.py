"""The verdict as text: Markdown for Kubeflow, a table for terminals."""

from collections.abc import Iterator
from typing import TypeVar

from rich.text import Text

from matops.core.quality.card import Card
from matops.core.quality.gate import Measurement
from matops.entrypoints.tables import (
    limit_text,
    markdown_table,
    measured_text,
)
from matops.entrypoints.whole_table import Cell, WholeTable

Mark = TypeVar("Mark", bound=Cell)
COLUMNS = ("", "gate", "measured", "limit", "source")


def _headline(card: Card) -> str:
    failed = len(card.verdict.failures)
    outcome = "accepted" if card.verdict.accepted else f"rejected: {failed} gates failed"
    return f"{card.family} {card.version}: {outcome}"


def _rows(card: Card, passed: Mark, failed: Mark) -> Iterator[tuple[Mark | str, ...]]:
    for result in card.verdict.results:
        mark, gate = passed if result.passed else failed, result.gate
        limit = f"{gate.comparison} {limit_text(gate.limit, gate.unit)}"
        yield mark, gate.name, measured_text(result.measured), limit, gate.source


def verdict_markdown(card: Card) -> str:
    """Every gate with its limit, measured value and source, as a Markdown table."""
    return f"# {_headline(card)}\n\n{markdown_table(COLUMNS, _rows(card, 'pass', '**FAIL**'))}"


def verdict_table(card: Card) -> WholeTable:
    """The same for a terminal."""
    rows = _rows(card, Text("pass", "green"), Text("FAIL", "bold red"))
    return WholeTable(COLUMNS, rows, prose=("gate", "source"), title=_headline(card))


def measurement_table(measurements: dict[str, Measurement]) -> WholeTable:
    """Every measurement with unit, 95 % interval and number of rows."""
    columns, rows = ("metric", "value", "95 % interval", "unit", "rows"), []
    for name, m in measurements.items():
        has_interval = m.low is not None and m.high is not None
        interval = f"{m.low:.4g} to {m.high:.4g}" if has_interval else ""
        rows.append((name, f"{m.value:.4g}", interval, m.unit, str(m.rows or "")))
    prose = ("95 % interval",)
    return WholeTable(columns, rows, prose, title="measured on held-out rows")
