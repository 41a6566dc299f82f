"""Ingest: validate, set bad records aside with their reason, drop repeats, append, version.

What comes is never held as a whole: it is appended in batches, each a part and a version.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matops.core.data.record import Quarantined, Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.ports import DatasetStore

BATCH, BATCH_BYTES = 20_000, 256 * 2**20
"""Records and refusals that are appended together, and about how much their payloads may be."""
SHOWN = 1000
"""Refusals, and kinds of them, that a report names; the quarantine has all."""
OTHER = "other reasons"
NUMBER_BYTES = 24
"""Of a number as Python keeps it."""

SetAside = Callable[[Sequence[Quarantined]], None]
"""Keeps refusals for good."""


@dataclass(frozen=True)
class IngestReport:
    """What an ingestion did."""

    family: str
    version: str  # the dataset version afterwards; empty while there is none
    added: int  # records that are new
    repeated: int  # records that the data already had, or that came twice
    refused: int  # records that were set aside
    quarantined: tuple[Quarantined, ...]  # the first of them with their reasons
    reasons: Mapping[str, int]  # how many were refused for which reason, up to its first colon


class NothingUsable(BadInput):
    """There was no data, and not one record to begin with."""

    def __init__(self, report: IngestReport) -> None:
        first = [f", the first being {item.origin}: {item.reason}" for item in report.quarantined]
        super().__init__(f"no usable record: {report.refused} were refused{''.join(first[:1])}")
        self.report = report


def ingest(
    family: Family,
    incoming: Iterable[Record | Quarantined],
    store: DatasetStore,
    set_aside: SetAside,
) -> IngestReport:
    """Bring a source's records into the versioned data; refused ones are set aside.

    Raises:
        NothingUsable: not one record could be used and there was no data before.
        BadInput: the data can't be stored, or the source breaks off; the batches before it stay.
    """
    refusals = _Refusals(set_aside)
    version, added, repeated = "", 0, 0
    for batch in _batches(refusals.taken_out_of(incoming)):
        distinct: dict[str, Record] = {}
        for record in batch:
            distinct.setdefault(record.id, record)
        # What is new is for the store to say: another process may publish at the same time.
        after = store.append(family, list(distinct.values()))
        version, added = after.version, added + after.added
        repeated += len(batch) - after.added
    current = None if version else store.checkout(family)
    version = current.version if current else version
    report = IngestReport(family.name, version, added, repeated, *refusals.told())
    if not version:
        raise NothingUsable(report)
    return report


class _Refusals:
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
        try:
            for item in incoming:
                if isinstance(item, Record):
                    yield item
                else:
                    self._add(item)
        finally:  # also where the source breaks off, or the records can't be stored
            self._flush()

    def _add(self, item: Quarantined) -> None:
        self._count += 1
        if len(self._first) < SHOWN:
            self._first.append(item)
        reason = item.reason.partition(":")[0]
        is_kept = reason in self._reasons or len(self._reasons) < SHOWN
        self._reasons[reason if is_kept else OTHER] += 1
        self._waiting.append(item)
        if len(self._waiting) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self._set_aside(self._waiting)
        self._waiting = []


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size_bytes = 0
    for record in records:
        batch.append(record)
        size_bytes += _size_bytes(record.payload)
        if len(batch) >= BATCH or size_bytes >= BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _size_bytes(content: Any) -> int:
    """About what a payload takes in memory."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, Mapping):
        return sum(map(_size_bytes, content.values()))
    return sum(map(_size_bytes, content)) if isinstance(content, list | tuple) else NUMBER_BYTES
