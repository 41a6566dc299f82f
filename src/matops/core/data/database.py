"""What a family asks a database of materials for, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matops.core.data.record import Provenance


@dataclass(frozen=True)
class DatabaseQuery:
    """Which materials a family asks for.

    Attributes:
        elements: chemical symbols that a material must all contain; none asks for any.
        max_sites: atoms in the database's own cell, at most; None sets no limit.
    """

    elements: tuple[str, ...] = ()
    max_sites: int | None = None


@dataclass(frozen=True)
class DatabaseEntry:
    """One material as the database has it.

    Attributes:
        provenance: database, its version, the material's name in it, method and licence.
        structure: conventional standard cell, as pymatgen writes it; empty if it was refused.
        values_GPa: the database's labels by name.
        refused: why the database itself calls the entry unusable; empty if it does not.
    """

    provenance: Provenance
    structure: Mapping[str, Any]
    values_GPa: Mapping[str, float]
    refused: str = ""
