"""Where commands print: tables and bars for people, one JSON object for programs."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from matops.core.data.record import Quarantined

SHOWN_REFUSALS = 20

screen = Console()
side = Console(stderr=True)
"""Progress and refusals, kept apart from results."""


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    print(json.dumps(value, indent=2, default=str))


def print_line(text: object) -> None:
    """A line for people as it is, however long and whatever brackets stand in it."""
    screen.print(str(text), highlight=False, soft_wrap=True, markup=False)


def print_reasons(reasons: Counter[str], what: str = "refused") -> None:
    """How many were refused for which reason."""
    for reason, count in reasons.most_common():
        side.print(f"{what}: {count:4d} {reason}", highlight=False)


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
