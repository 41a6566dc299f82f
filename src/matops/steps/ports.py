"""What the steps ask of the outside world; adapters provide it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from matops.core.family import Family
from matops.core.record import Record


@dataclass(frozen=True)
class DatasetVersion:
    """One version of a family's data, present on this machine.

    Attributes:
        version: the dataset's content hash.
        directory: where its parts lie; read only.
    """

    version: str
    directory: Path


@dataclass(frozen=True)
class Appended(DatasetVersion):
    """The version after an append.

    Attributes:
        added: records that are new; the others the data had already.
    """

    added: int


class DatasetStore(Protocol):
    """Versioned data."""

    def checkout(self, family: Family) -> DatasetVersion | None:
        """The published version of a family's data, or None while it has none."""
        ...

    def append(self, family: Family, records: Sequence[Record]) -> Appended:
        """Add the records that the data lacks as one part, store it remotely and publish it."""
        ...


class PackageStore(Protocol):
    """Released model packages."""

    def champion(self, family: Family) -> Path | None:
        """Directory of the package that is released now, or None while there is none."""
        ...

    def publish(self, family: Family, package: Path) -> Path:
        """Keep a package for good, make it the champion and return its directory."""
        ...
