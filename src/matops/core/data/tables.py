"""Numbers of all targets of some samples: a table of rows and columns for each axis."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.core.data.record import Record
from matops.core.data.target import SAMPLE_AXIS, Target, axis_order
from matops.core.data.value import Value
from matops.core.errors import BadInput

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tables:
    """A table for each axis that the targets have; for scalars only, one of shape (n, n_targets).

    Shape (..., rows, columns): a row a sample, or an atom of the first sample, then of the second,
    ...; in front may be others, as the members of an ensemble.
    """

    targets: tuple[Target, ...]  # what the columns are, each target's components side by side
    of_axis: Mapping[str, Array]
    counts: Mapping[str, Rows] = field(default_factory=dict)  # rows a sample on the other axes

    def __getitem__(self, axis: str) -> Array:
        return self.of_axis[axis]

    def __len__(self) -> int:
        """Number of samples."""
        for counts in self.counts.values():
            return len(counts)
        return int(self[SAMPLE_AXIS].shape[-2])

    def start(self, target: Target) -> int:
        """The first of a target's columns."""
        return self._starts[target.name]

    @cached_property
    def _starts(self) -> dict[str, int]:
        columns: dict[str, int] = {}
        starts: dict[str, int] = {}
        for target in self.targets:
            starts[target.name] = columns.get(target.axis, 0)
            columns[target.axis] = starts[target.name] + target.size
        return starts

    def of(self, target: Target) -> Array:
        """One target's columns, shape (..., rows, components)."""
        start = self.start(target)
        return self[target.axis][..., start : start + target.size]

    def numbers(self, target: Target) -> Array:
        """All numbers of one target, its components pooled, shape (..., rows × components)."""
        block = self.of(target)
        return block.reshape(*block.shape[:-2], -1)

    def sample_of(self, target: Target) -> Rows:
        """Which sample each of a target's :meth:`numbers` belongs to."""
        counts = self.counts.get(target.axis)
        if counts is None:
            counts = np.ones(self[target.axis].shape[-2], dtype=np.int64)
        sample: Rows = np.repeat(np.arange(len(counts)), counts * target.size)
        return sample

    def each(self, change: Callable[..., Array], *others: "Tables") -> "Tables":
        """The same done to every table, and to those of others beside it."""
        tables = {
            axis: change(table, *(other[axis] for other in others))
            for axis, table in self.of_axis.items()
        }
        return Tables(self.targets, tables, self.counts)

    def each_target(self, change: Callable[[Target, Array], Array]) -> "Tables":
        """Something done to the columns of each target."""
        tables = {
            axis: np.concatenate(
                [change(t, self.of(t)) for t in self.targets if t.axis == axis], axis=-1
            )
            for axis in self.of_axis
        }
        return Tables(self.targets, tables, self.counts)

    def to_scale(self) -> "Tables":
        """Physical values on the targets' learning scales."""
        return self.each_target(Target.to_scale)

    def from_scale(self) -> "Tables":
        """Numbers on the learning scales back in the targets' units."""
        return self.each_target(Target.from_scale)

    def rows(self, axis: str, samples: Rows) -> Rows:
        """Rows of some samples on an axis, in their order."""
        if axis == SAMPLE_AXIS:
            return samples
        counts = self.counts[axis]
        chosen, first = counts[samples], np.cumsum(counts) - counts
        within = np.arange(chosen.sum()) - np.repeat(np.cumsum(chosen) - chosen, chosen)
        return np.asarray(np.repeat(first[samples], chosen) + within)

    def take(self, samples: Rows) -> "Tables":
        """The tables of some samples, in their order."""
        tables = {axis: t[..., self.rows(axis, samples), :] for axis, t in self.of_axis.items()}
        counts = {axis: counts[samples] for axis, counts in self.counts.items()}
        return Tables(self.targets, tables, counts)

    def values(self, target: Target) -> list[Value]:
        """One target's value for each sample: a number, or nested lists of them."""
        block = self.of(target)
        shaped = block.reshape(*block.shape[:-1], *target.shape)
        counts = self.counts.get(target.axis)
        parts = shaped if counts is None else np.split(shaped, np.cumsum(counts)[:-1])
        return [part.tolist() for part in parts]


def label_tables(targets: tuple[Target, ...], records: Sequence[Record]) -> Tables:
    """The records' labels, in the targets' units."""
    tables, counts = {}, {}
    for axis in axis_order(target.axis for target in targets):
        own = [target for target in targets if target.axis == axis]
        if axis != SAMPLE_AXIS:
            counts[axis] = np.array([len(r.targets[own[0].name]) for r in records], dtype=np.int64)
        tables[axis] = np.concatenate([_block(target, records) for target in own], axis=1)
    return Tables(targets, tables, counts)


def _block(target: Target, records: Sequence[Record]) -> Array:
    values = [record.targets[target.name] for record in records]
    flat = np.array(values) if target.is_scalar else np.concatenate([np.ravel(v) for v in values])
    return flat.reshape(-1, target.size)


def check_rows(
    targets: Sequence[Target], records: Sequence[Record], counts: Mapping[str, Any]
) -> None:
    """Refuse labels with other rows than their samples have, as the features count them.

    Raises:
        BadInput: a label has more or fewer.
    """
    for target in targets:
        if target.axis == SAMPLE_AXIS:
            continue
        for record, expected in zip(records, counts[target.axis], strict=True):
            rows = len(record.targets[target.name])
            if rows != int(expected):
                raise BadInput(
                    f"{record.provenance.origin}: {target.name} has {rows} rows, but the sample "
                    f"has {int(expected)} on the axis {target.axis!r}"
                )
