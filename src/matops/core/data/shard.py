"""A share of some work that others do at the same time, elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from matops.core.errors import BadInput

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """One of several shares; together they are the whole, and no two overlap."""

    index: int = 0  # which share, from 0
    count: int = 1  # how many there are; one is the whole

    def __post_init__(self) -> None:
        """Refuse what is no share.

        Raises:
            BadInput: there is no such share.
        """
        if self.count < 1:
            raise BadInput(f"work is split into one or more shards, not into {self.count}")
        if not 0 <= self.index < self.count:
            raise BadInput(f"of {self.count} shards there is none with the number {self.index}")

    @property
    def whole(self) -> bool:
        """Whether there are no others."""
        return self.count == 1

    def of(self, items: Sequence[T]) -> Sequence[T]:
        """This share of some items: every ``count``-th, since neighbours often cost alike."""
        return items[self.index :: self.count]


WHOLE = Shard()
