"""Ingest: validate, set bad records aside with their reason, drop repeats, append one part."""

from collections.abc import Iterable
from dataclasses import dataclass

from matops.core.data.record import Quarantined, Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.ports import DatasetStore


@dataclass(frozen=True)
class IngestReport:
    """What an ingestion did."""

    family: str
    version: str  # the dataset version afterwards
    added: int  # records that are new
    repeated: int  # records that the data already had, or that came twice
    quarantined: tuple[Quarantined, ...]  # refused records with their reasons


def ingest(
    family: Family, incoming: Iterable[Record | Quarantined], store: DatasetStore
) -> IngestReport:
    """Bring a source's records into the versioned data.

    Raises:
        BadInput: not one record could be used and there was no data before.
    """
    distinct: dict[str, Record] = {}
    repeated, quarantined = 0, []
    for item in incoming:
        if isinstance(item, Quarantined):
            quarantined.append(item)
        elif item.id in distinct:
            repeated += 1
        else:
            distinct[item.id] = item
    if distinct:
        # What is new is for the store to say: another process may publish at the same time.
        after = store.append(family, list(distinct.values()))
        repeated += len(distinct) - after.added
        return IngestReport(family.name, after.version, after.added, repeated, tuple(quarantined))
    current = store.checkout(family)
    if current is None:
        first = [f", the first being {item.origin}: {item.reason}" for item in quarantined[:1]]
        raise BadInput(f"no usable record: {len(quarantined)} were refused{''.join(first)}")
    return IngestReport(family.name, current.version, 0, repeated, tuple(quarantined))
