"""Labelled samples of a source, ready for any division into training and held-out rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matops.core.data.record import Quarantined, Record
from matops.core.data.tables import Tables, label_tables
from matops.core.errors import BadInput
from matops.core.family import Family


@dataclass(frozen=True)
class Samples:
    """Labelled samples of one family, in the order of their ids and without repeats."""

    family: Family
    records: list[Record]

    @cached_property
    def ids(self) -> NDArray[np.str_]:
        """Id of each record."""
        return np.array([record.id for record in self.records])

    @cached_property
    def groups(self) -> NDArray[np.str_]:
        """Group of each record."""
        return np.array([record.group for record in self.records])

    @cached_property
    def scaled(self) -> Tables:
        """Targets on their learning scales."""
        return label_tables(self.family.targets, self.records).to_scale()


def gather_samples(
    family: Family, incoming: Iterable[Record | Quarantined]
) -> tuple[Samples, list[Quarantined]]:
    """The good records of a source, and the refused ones.

    Raises:
        BadInput: not one record is good.
    """
    kept: dict[str, Record] = {}
    refused = []
    for item in incoming:
        if isinstance(item, Quarantined):
            refused.append(item)
        else:
            kept[item.id] = item
    if not kept:
        raise BadInput(f"no usable record: {len(refused)} were refused")
    return Samples(family, [kept[identity] for identity in sorted(kept)]), refused
