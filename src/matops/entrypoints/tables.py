"""Values beside their limits: Markdown for Kubeflow, and tables for terminals."""

from collections.abc import Iterable, Sequence

from rich.table import Table

Row = Sequence[str]


def measured_text(value: float | None) -> str:
    """Four digits of a value, or that there is none."""
    return "not measured" if value is None else f"{value:.4g}"


def limit_text(limit: float, unit: str) -> str:
    """Four digits of a limit, and its unit where it has one."""
    return f"{limit:.4g}" if unit == "1" else f"{limit:.4g} {unit}"


def markdown_table(columns: Row, rows: Iterable[Row]) -> str:
    """A table in Markdown."""
    lines = (columns, ["---"] * len(columns), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def folded_table(title: str, columns: Row, rows: Iterable[Row]) -> Table:
    """A table for a terminal, in which long texts are folded."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
