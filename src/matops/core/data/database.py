"""What a family asks a database of materials for, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matops.core.data.record import Provenance


@dataclass(frozen=True)
class DatabaseQuery:
    """Which documents a family asks for, in the database's own names."""

    collection: str  # the collection that has them, as in ``elasticity``
    fields: tuple[str, ...]  # what to fetch of a document
    properties: tuple[str, ...] = ()  # what a material must have, as in ``elasticity``
    # chemical symbols that a material must all contain; none asks for any
    elements: tuple[str, ...] = ()
    max_sites: int | None = None  # atoms in the database's own cell, at most; None sets no limit


@dataclass(frozen=True)
class DatabaseEntry:
    """One material as the database has it."""

    provenance: Provenance  # database, its version, the material's name in it, method and licence
    document: Mapping[str, Any]  # the fields that were asked for; empty if there is no document
