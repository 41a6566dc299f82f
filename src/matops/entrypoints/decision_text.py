"""A decision on retraining as text: Markdown for Kubeflow, a table for terminals."""

from rich.table import Table

from matops.core.retraining import Criterion, RetrainingDecision


def _measured(criterion: Criterion) -> str:
    return "not measured" if criterion.measured is None else f"{criterion.measured:.4g}"


def _limit(criterion: Criterion) -> str:
    return f">= {criterion.limit:.4g}" + ("" if criterion.unit == "1" else f" {criterion.unit}")


def decision_markdown(family: str, data: str, decision: RetrainingDecision) -> str:
    """The decision, and every criterion with its limit and measured value."""
    lines = [
        f"# {family}, data {data}",
        "",
        f"**{decision.reason}**",
        "",
        "| | criterion | measured | limit | in words |",
        "|---|---|---|---|---|",
    ]
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
