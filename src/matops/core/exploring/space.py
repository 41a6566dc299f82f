"""Spaces: which fields of a configuration a search changes, and to which values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from matops.core.errors import BadInput

NOT_SEARCHED = ("split", "evaluation", "retraining", "training.seed", "training.members")
"""What says how a configuration is measured, or how often: no choice of it makes it better."""


@dataclass(frozen=True)
class Range:
    """Numbers between two ends; whole ones where both ends are."""

    low: int | float  # least value
    high: int | float  # largest value
    source: str = ""  # why these
    log: bool = False  # whether all decades are as likely
    step: int | float | None = (
        None  # distance of the values from ``low`` on; None for all there are
    )

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.log and not self.low > 0:
            raise ValueError(f"a logarithmic range begins above 0, not at {self.low:g}")
        if self.step is not None and (self.log or not 0 < self.step <= self.high - self.low):
            raise ValueError(
                f"step ({self.step:g}) must be above 0 and fit between low and high, and a "
                "logarithmic range has none"
            )

    @property
    def is_whole(self) -> bool:
        """Whether the values are integers."""
        return all(isinstance(n, int) for n in (self.low, self.high, self.step or 1))

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that stand for all."""
        return (self.low, self.high)

    def drawn(self, rng: np.random.Generator) -> int | float:
        """One of the values, by chance."""
        low, high = (np.log(self.low), np.log(self.high)) if self.log else (self.low, self.high)
        value = float(rng.uniform(low, high))
        value = float(np.exp(value)) if self.log else value
        if self.step is not None:
            value = self.low + self.step * round((value - self.low) / self.step)
        return round(value) if self.is_whole else min(max(value, self.low), self.high)

    def holds(self, value: Any) -> bool:
        """Whether a value is among them."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        steps = (value - self.low) / (self.step or 1)
        on_step = self.step is None or abs(steps - round(steps)) < 1e-9
        return on_step and self.low <= value <= self.high


@dataclass(frozen=True)
class Options:
    """A few values, in no order."""

    values: tuple[Any, ...]
    source: str = ""  # why these

    def __post_init__(self) -> None:
        if len({json.dumps(value) for value in self.values}) != len(self.values) or not self.values:
            raise ValueError("values must be one or more, and no two the same")

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that stand for all: these."""
        return self.values

    def drawn(self, rng: np.random.Generator) -> Any:
        """One of the values, by chance."""
        return self.values[rng.integers(len(self.values))]

    def holds(self, value: Any) -> bool:
        """Whether a value is among them; tuples and lists are the same."""
        return json.dumps(value) in {json.dumps(own) for own in self.values}


@dataclass(frozen=True)
class SearchSpace:
    """Fields of a family's configuration by dotted name, and what a search may set them to."""

    name: str  # as on the command line
    fields: Mapping[str, Range | Options]
    source: str = ""  # where it comes from, one line
    preset: str = "full"  # the configuration that is changed, unless another is asked for
    # further fields that differ from the preset, the same in all trials
    changes: Mapping[str, Any] = field(default_factory=dict)
    grid: bool = False  # every combination, in a random order, instead of a search

    def __post_init__(self) -> None:
        if not self.fields:
            raise ValueError("a space has a field or more")
        for path in self.fields:
            if any(path == barred or path.startswith(f"{barred}.") for barred in NOT_SEARCHED):
                raise ValueError(f"{path}: is not searched: it says how trials are measured")
        if both := sorted(set(self.fields) & set(self.changes)):
            raise ValueError(f"{both[0]}: is searched and held at once")
        if self.grid and not all(isinstance(values, Options) for values in self.fields.values()):
            raise ValueError("a grid has values for each field, and no ranges")

    def combinations(self) -> list[dict[str, Any]]:
        """All points of a grid, in order."""
        names, values = list(self.fields), [values.ends for values in self.fields.values()]
        return [dict(zip(names, point, strict=True)) for point in product(*values)]


def find_space(spaces: Sequence[SearchSpace], family: str, name: str) -> SearchSpace:
    """The space of this name; the first one for an empty name.

    Raises:
        BadInput: there is none.
    """
    if not spaces:
        raise BadInput(f"{family} states no space to search; give one with --space FILE")
    named = {space.name: space for space in spaces}
    if name and name not in named:
        raise BadInput(f"{family} has no space {name!r}; there are: {', '.join(named)}, or a file")
    return named[name] if name else spaces[0]
