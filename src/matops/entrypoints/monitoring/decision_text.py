"""A decision on retraining as it is handed on, and as Markdown and table.

Nothing heavy is imported: a step that has nothing to do costs no more than it must.
"""

from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from matops.artifacts.jsonfile import read_json
from matops.core.monitoring.retraining import Criterion, RetrainingDecision


@dataclass(frozen=True)
class Considered:
    """A decision on retraining, as it is handed from step to step."""

    family: str
    data: str  # dataset version that was considered
    decision: RetrainingDecision  # whether to retrain, and why


def read_considered(path: Path) -> Considered:
    """The decision that :func:`matops.entrypoints.monitoring.retraining.consider` wrote."""
    return read_json(path, Considered)


def explain_considered(path: Path) -> str:
    """The same decision as Markdown."""
    considered = read_considered(path)
    return decision_markdown(considered.family, considered.data, considered.decision)


def _measured(criterion: Criterion) -> str:
    return "not measured" if criterion.measured is None else f"{criterion.measured:.4g}"


def _limit(criterion: Criterion) -> str:
    return f">= {criterion.limit:.4g}" + ("" if criterion.unit == "1" else f" {criterion.unit}")


def decision_markdown(family: str, data: str, decision: RetrainingDecision) -> str:
    """The decision, and every criterion with its limit and measured value."""
    lines = [f"# {family}, data {data}", "", f"**{decision.reason}**", ""]
    lines += ["| | criterion | measured | limit | in words |", "|---|---|---|---|---|"]
    lines += [
        f"| {'**met**' if c.met else ''} | {c.name} | {_measured(c)} | {_limit(c)} | {c.reason} |"
        for c in decision.criteria
    ]
    return "\n".join(lines) + "\n"


def decision_table(family: str, decision: RetrainingDecision) -> Table:
    """The same for a terminal."""
    table = Table(title=f"{family}: {decision.reason}", title_justify="left")
    for column in ("", "criterion", "measured", "limit", "in words"):
        table.add_column(column, overflow="fold")
    for c in decision.criteria:
        table.add_row("[bold]met" if c.met else "", c.name, _measured(c), _limit(c), c.reason)
    return table
