"""The verdict as text: Markdown for Kubeflow, a table for terminals."""

from rich.table import Table

from matops.core.quality.card import Card
from matops.core.quality.gate import Gate, Measurement


def _limit(gate: Gate) -> str:
    unit = "" if gate.unit == "1" else f" {gate.unit}"
    return f"{gate.comparison} {gate.limit:.4g}{unit}"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _headline(card: Card) -> str:
    failed = len(card.verdict.failures)
    return "accepted" if card.verdict.accepted else f"rejected: {failed} gates failed"


def verdict_markdown(card: Card) -> str:
    """Every gate with its limit, measured value and source, as a Markdown table."""
    lines = [
        f"# {card.family} {card.version}: {_headline(card)}",
        "",
        "| | gate | measured | limit | source |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {'pass' if r.passed else '**FAIL**'} | {r.gate.name} | {_number(r.measured)} "
        f"| {_limit(r.gate)} | {r.gate.source} |"
        for r in card.verdict.results
    ]
    return "\n".join(lines) + "\n"


def verdict_table(card: Card) -> Table:
    """The same for a terminal."""
    table = Table(title=f"{card.family} {card.version}: {_headline(card)}", title_justify="left")
    for column in ("", "gate", "measured", "limit", "source"):
        table.add_column(column, overflow="fold")
    for r in card.verdict.results:
        mark = "[green]pass" if r.passed else "[bold red]FAIL"
        table.add_row(mark, r.gate.name, _number(r.measured), _limit(r.gate), r.gate.source)
    return table


def measurement_table(measurements: dict[str, Measurement]) -> Table:
    """Every measurement with unit, 95 % interval and number of rows."""
    columns = ("metric", "value", "95 % interval", "unit", "rows")
    table = Table(*columns, title="measured on held-out rows", title_justify="left")
    for name, m in measurements.items():
        has_interval = m.low is not None and m.high is not None
        interval = f"{m.low:.4g} to {m.high:.4g}" if has_interval else ""
        table.add_row(name, f"{m.value:.4g}", interval, m.unit, str(m.rows or ""))
    return table
