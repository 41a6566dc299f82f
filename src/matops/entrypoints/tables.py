"""Values beside their limits, and tables in Markdown for Kubeflow."""

import re
from collections.abc import Iterable, Sequence

Row = Sequence[str]
MARKUP, BOLD = re.compile(r"([\\`*_|])"), re.compile(r"\*\*(.+)\*\*")


def measured_text(value: float | None) -> str:
    """Four digits of a value, or that there is none."""
    return "not measured" if value is None else f"{value:.4g}"


def limit_text(limit: float, unit: str) -> str:
    """Four digits of a limit, and its unit where it has one."""
    return f"{limit:.4g}" if unit == "1" else f"{limit:.4g} {unit}"


def markdown_table(columns: Row, rows: Iterable[Row]) -> str:
    """A table in Markdown of cells that are read as they stand; ``**x**`` is bold."""
    lines = ([_cell(cell) for cell in cells] for cells in (columns, ["---"] * len(columns), *rows))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(text: str) -> str:
    """Kubeflow's page takes ``mae_log_k`` for italics, and a bar for the next cell."""
    bold = BOLD.fullmatch(text)
    escaped = MARKUP.sub(r"\\\1", bold[1] if bold else text)
    return f"**{escaped}**" if bold else escaped
