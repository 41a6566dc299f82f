"""The history of a dataset: one small file a version, kept with the data it speaks of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from matops.core.data.record import Record


@dataclass(frozen=True)
class VersionEntry:
    """What is known of one published version."""

    family: str
    number: int  # 1 for the first version whose history was kept
    version: str  # the version's content hash
    parent: str  # the version that it grew from; empty for the first
    part: str  # file name of the part that it added
    added: int  # rows that it added
    rows: int  # all its rows
    targets: Mapping[str, str]  # unit by target name
    sources: Mapping[str, int]  # added rows by kind of source
    date: str  # ISO date and time in UTC at which it was published
    author: str  # who published it

    @property
    def file_name(self) -> str:
        """Name of the entry's file: sorts by number and tells the version."""
        return f"{self.number:06d}-{self.version}.json"


def count_sources(records: Sequence[Record]) -> dict[str, int]:
    """Rows by kind of source."""
    return dict(sorted(Counter(record.provenance.source for record in records).items()))


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
