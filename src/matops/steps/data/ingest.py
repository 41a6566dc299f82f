"""Ingest: validate, set bad records aside with their reason, drop repeats, append, version.

What comes is never held as a whole: it is appended in batches, each a part and a version.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from matops.core.data.record import Quarantined, Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.data.refusals import Refusals, SetAside
from matops.steps.data.sift import sift
from matops.steps.ports import DatasetStore

BATCH, BATCH_BYTES = 20_000, 256 * 2**20
"""Records that are appended together, and about how much their payloads may be."""
NUMBER_BYTES = 24
"""Of a number as Python keeps it."""


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
    doubtful: int = 0  # records that were added though something is strange about them
    doubts: tuple[Quarantined, ...] = ()  # the first of them with what is strange
    # how many are strange in which way, up to its first colon
    doubt_reasons: Mapping[str, int] = field(default_factory=dict)


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
    refusals, doubts = Refusals(set_aside), Refusals(lambda _: None)
    version, added, repeated = "", 0, 0
    try:
        for batch in _batches(refusals.taken_out_of(incoming)):
            lacking = store.lacking(family, list({record.id: record for record in batch}.values()))
            good = sift(family, lacking, refusals, doubts)
            repeated += len(batch) - len(lacking.new)
            if good:
                # What is new is for the store to say: another process may publish meanwhile.
                after = store.append(family, good)
                version, added = after.version, added + after.added
                repeated += len(good) - after.added
    except BadInput as error:
        if not added:
            raise
        raise BadInput(
            f"{error}; {added:,} records before that are published as {version[:12]} and stay, and "
            "the same command again adds the rest"
        ) from None
    finally:  # also where the source breaks off, or the records can't be stored
        refusals.flush()
    current = None if version else store.checkout(family)
    version = current.version if current else version
    told = (*refusals.told(), *doubts.told())
    report = IngestReport(family.name, version, added, repeated, *told)
    if not version:
        raise NothingUsable(report)
    return report


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
