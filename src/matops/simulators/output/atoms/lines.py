"""A text line by line; what is wrong in it is said with the line and what should stand there."""

import re
from collections.abc import Sequence

from matops.core.errors import BadInput

FORTRAN_EXPONENT = re.compile(r"(?<=[\d.])[dD](?=[-+\d])")
SHOWN = 40


def wrong_line(number: int, expected: str, line: str) -> BadInput:
    """The refusal of a line: its number, what should stand there, and what does."""
    shown = line.strip()[:SHOWN]
    return BadInput(f"line {number}: expected {expected}, not {shown!r}")


def number_of(word: str) -> float:
    """A number as Fortran and C write it; NaN where it is none."""
    try:
        return float(FORTRAN_EXPONENT.sub("e", word))
    except ValueError:
        return float("nan")


class Lines:
    """Lines from the first to the last, without what follows one of the signs of a comment."""

    def __init__(self, text: str, comments: str = "") -> None:
        self._lines, self._comments = text.splitlines(), comments
        self.number = 0  # of the line that was read last

    @property
    def left(self) -> int:
        """How many lines are still to come."""
        return len(self._lines) - self.number

    @property
    def current(self) -> str:
        """The line that was read last."""
        return self._lines[self.number - 1]

    def words(self, expected: str) -> list[str]:
        """The words of the next line.

        Raises:
            BadInput: there is none, or nothing stands there.
        """
        if not self.left:
            raise BadInput(f"cut short after line {self.number}: expected {expected}")
        self.number += 1
        words = self.peek(0).split()
        if not words:
            raise wrong_line(self.number, expected, self.current)
        return words

    def peek(self, ahead: int = 1) -> str:
        """A line that is not read yet, without comment; empty behind the last."""
        at = self.number + ahead - 1
        line = self._lines[at] if at < len(self._lines) else ""
        for sign in self._comments:
            line = line.partition(sign)[0]
        return line

    def numbers(self, counts: Sequence[int], expected: str) -> tuple[list[float], list[str]]:
        """The numbers that the next line begins with, and the words behind them.

        As many as the largest of ``counts`` that fits.

        Raises:
            BadInput: there are fewer than the smallest.
        """
        words = self.words(expected)
        values = [number_of(word) for word in words[: max(counts)]]
        good = next((n for n, value in enumerate(values) if value != value), len(values))
        fitting = max((count for count in counts if count <= good), default=0)
        if not fitting:
            raise wrong_line(self.number, expected, self.current)
        return values[:fitting], words[fitting:]
