"""In which forms labelled samples come, and what a family says of itself before it is loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matops.core.data.record import Quarantined, Record
from matops.core.data.target import Target
from matops.core.errors import BadInput

Incoming = Iterator[Record | Quarantined]
"""What a source yields: good records, and refused ones with their reason."""


@dataclass(frozen=True)
class SourceForm:
    """One kind of source that a family ingests."""

    name: str  # what ``--source`` says, or the kind of path that it names
    description: str  # what must lie there


def unknown_layout(source: Path, layouts: Sequence[SourceForm]) -> BadInput:
    """The refusal of a path that is in none of the layouts."""
    if not source.exists():
        return BadInput(f"{source}: no such file or directory")
    listed = "; ".join(f"{layout.name}: {layout.description}" for layout in layouts)
    return BadInput(f"{source}: not a known layout; known are: {listed}")


class About:
    """What a family is about; to read it takes none of the libraries that the family needs."""

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    targets: ClassVar[tuple[Target, ...]]
    # what follows from them by formula, a number a sample; answered with intervals of their own
    derived: ClassVar[tuple[Target, ...]] = ()
    sources: ClassVar[tuple[SourceForm, ...]]

    @property
    def properties(self) -> tuple[Target, ...]:
        """All that is answered with an interval: the targets, then what is derived."""
        return (*self.targets, *self.derived)
