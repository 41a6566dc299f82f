"""What was refused or named while a source is read: counted, and the first of it kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from matops.core.data.record import Quarantined, Record

TOGETHER = 20_000
"""Refusals that are set aside together."""
SHOWN = 1000
"""Refusals, and kinds of them, that a report names; the quarantine has all."""
OTHER = "other reasons"

SetAside = Callable[[Sequence[Quarantined]], None]
"""Keeps refusals for good."""


class Refusals:
    """The refusals of a source: counted, the first kept, and all set aside as they come."""

    def __init__(self, set_aside: SetAside) -> None:
        self._set_aside, self._waiting = set_aside, list[Quarantined]()
        self._count, self._first = 0, list[Quarantined]()
        self._reasons = Counter[str]()

    def told(self) -> tuple[int, tuple[Quarantined, ...], dict[str, int]]:
        """How many there are, the first of them, and how many by reason."""
        return self._count, tuple(self._first), dict(self._reasons.most_common())

    def taken_out_of(self, incoming: Iterable[Record | Quarantined]) -> Iterator[Record]:
        """The records of a source."""
        for item in incoming:
            if isinstance(item, Record):
                yield item
            else:
                self.add(item)

    def add(self, item: Quarantined) -> None:
        """Count a refusal."""
        self._count += 1
        if len(self._first) < SHOWN:
            self._first.append(item)
        reason = item.reason.partition(":")[0]
        is_kept = reason in self._reasons or len(self._reasons) < SHOWN
        self._reasons[reason if is_kept else OTHER] += 1
        self._waiting.append(item)
        if len(self._waiting) >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Set aside what was not yet."""
        self._set_aside(self._waiting)
        self._waiting = []
