"""What a family asks a database of materials for, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matops.core.data.record import Provenance


@dataclass(frozen=True)
class DatabaseQuery:
    """Which documents a family asks for, in the database's own names.

    Attributes:
        collection: the collection that has them, as in ``elasticity``.
        fields: what to fetch of a document.
        properties: what a material must have, as in ``elasticity``.
        elements: chemical symbols that a material must all contain; none asks for any.
        max_sites: atoms in the database's own cell, at most; None sets no limit.
    """

    collection: str
    fields: tuple[str, ...]
    properties: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    max_sites: int | None = None


@dataclass(frozen=True)
class DatabaseEntry:
    """One material as the database has it.

    Attributes:
        provenance: database, its version, the material's name in it, method and licence.
        document: the fields that were asked for; empty if there is no document.
    """

    provenance: Provenance
    document: Mapping[str, Any]
