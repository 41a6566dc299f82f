"""What is strange about the records behind a model, and what was refused before."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from matops.artifacts.data.quarantine import read_quarantine
from matops.core.data.record import Quarantined, Record
from matops.core.data.sifting.plausibility import Doubt

SHOWN = 20
"""Records of each kind that a report names."""


@dataclass(frozen=True)
class Doubtful:
    """Records of the data that are strange, and refused ones that are not in it."""

    # the first of them, with what is strange
    records: tuple[tuple[Record, str], ...] = ()
    reasons: Mapping[str, int] | None = None  # all doubtful records by kind; None: nobody looked
    refused: int | None = None  # all refusals in the quarantine; None where none is at hand
    first_refused: tuple[Quarantined, ...] = ()

    @property
    def count(self) -> int:
        """How many records are doubtful."""
        return sum((self.reasons or {}).values())


def find_doubtful(
    records: Iterable[Record],
    doubt: Callable[[Record], Doubt | None],
    quarantine: Path | None = None,
) -> Doubtful:
    """Ask a family's ``doubt`` about each record, and count the refusals of a quarantine."""
    strange = [(record, found.reason) for record in records if (found := doubt(record))]
    reasons = Counter(reason.partition(":")[0] for _, reason in strange)
    if quarantine is None:
        return Doubtful(tuple(strange[:SHOWN]), dict(reasons.most_common()))
    refusals = read_quarantine(quarantine)
    first = tuple(islice(refusals, SHOWN))
    count = len(first) + sum(1 for _ in refusals)
    return Doubtful(tuple(strange[:SHOWN]), dict(reasons.most_common()), count, first)
