"""Work in steps: whoever has it done may do something else in between."""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

Pauses = Generator[None, None, T]
"""Work that yields between its steps, and returns what it made."""


def without_pauses(work: Pauses[T]) -> T:
    """Do all of it at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            made: T = end.value
            return made
