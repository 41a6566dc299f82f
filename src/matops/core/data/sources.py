"""In which forms labelled samples come, and what a family says of itself before it is loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from matops.core.data.record import Quarantined, Record
from matops.core.data.target import Target

Incoming = Iterator[Record | Quarantined]
"""What a source yields: good records, and refused ones with their reason."""


@dataclass(frozen=True)
class SourceForm:
    """One kind of source that a family ingests."""

    name: str  # what ``--source`` says, or the kind of path that it names
    description: str  # what must lie there


class About:
    """What a family is about; to read it takes none of the libraries that the family needs."""

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    targets: ClassVar[tuple[Target, ...]]
    sources: ClassVar[tuple[SourceForm, ...]]
