"""Where commands print: tables and bars for people, one JSON object for programs."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segments

if TYPE_CHECKING:
    from rich.tree import Tree

    from matops.core.data.record import Quarantined
    from matops.entrypoints.whole_table import WholeTable

SHOWN_REFUSALS = 20
LONGEST_LINE = 10_000
"""Characters; nothing that a tree names is longer."""

screen = Console()
side = Console(stderr=True)
"""Progress and refusals, kept apart from results."""


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    print(json.dumps(value, indent=2, default=str))


def print_line(text: object) -> None:
    """A line for people as it is, however long and whatever brackets stand in it."""
    screen.print(str(text), highlight=False, soft_wrap=True, markup=False)


def print_aside(text: object) -> None:
    """Such a line that is no result, on standard error."""
    side.print(str(text), highlight=False, soft_wrap=True, markup=False)


def print_table(table: "WholeTable") -> None:
    """A table; a word that is longer than a line runs over its edge, and is whole."""
    screen.print(table, highlight=False, crop=False)


def print_tree(tree: "Tree") -> None:
    """A tree whose lines are as long as they are, so that a terminal copies names in one piece."""
    lines = screen.render(tree, screen.options.update(width=LONGEST_LINE, highlight=False))
    screen.print(Segments(lines), crop=False, end="")


def print_reasons(reasons: Counter[str], what: str = "refused") -> None:
    """How many were refused for which reason."""
    for reason, count in reasons.most_common():
        print_aside(f"{what}: {count:4d} {plain(reason)}")


def plain(text: str) -> str:
    """Text as one line that can't move a terminal's cursor, whatever a damaged file put into it."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))


def print_refusals(
    first: "Sequence[Quarantined]", count: int | None = None, what: str = "refused"
) -> None:
    """One line for each of the first refused records, up to a limit; of so many, or of these."""
    count = len(first) if count is None else count
    shown = first[:SHOWN_REFUSALS]
    for item in shown:
        print(f"{what}: {plain(item.origin)}: {plain(item.reason)}", file=sys.stderr)
    if count > len(shown):
        print(f"{what}: {count - len(shown)} more", file=sys.stderr)
