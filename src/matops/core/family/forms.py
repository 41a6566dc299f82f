"""In which forms labelled samples come."""

from collections.abc import Iterator
from dataclasses import dataclass

from matops.core.data.record import Quarantined, Record

Incoming = Iterator[Record | Quarantined]
"""What a source yields: good records, and refused ones with their reason."""


@dataclass(frozen=True)
class SourceForm:
    """One kind of source that a family ingests.

    Attributes:
        name: what ``--source`` says, or the kind of path that it names.
        description: what must lie there.
    """

    name: str
    description: str
