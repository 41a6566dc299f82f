"""A target's value for one sample: a number, or rows and components as nested lists.

Numbers are read strictly: what is not plainly one is refused, not guessed.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from matops.core.errors import BadInput

if TYPE_CHECKING:
    Value = Any  # the target says which: who works with a scalar should not have to ask
else:
    Value = float | list[float] | list[list[float]] | list[list[list[float]]]


def numbers_of(value: Value) -> Iterator[float]:
    """All numbers of a value, row by row."""
    if isinstance(value, list):
        for part in value:
            yield from numbers_of(part)
    else:
        yield value


def magnitude(value: Value) -> float:
    """A number as it is; of an array the root mean square, which no turn of the axes changes."""
    if not isinstance(value, list):
        return float(value)
    squares = [number * number for number in numbers_of(value)]
    return math.sqrt(sum(squares) / len(squares))


def value_text(value: Value, digits: int = 4) -> str:
    """A number; of an array its root mean square, and its rows and components."""
    shape, part = [], value
    while isinstance(part, list):
        shape.append(str(len(part)))
        part = part[0]
    return f"{magnitude(value):.{digits}g}" + (f" (rms of {' × '.join(shape)})" if shape else "")


PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)
"""As programs print them, Fortran's ``1.5D+02`` included."""
LONGEST = 40


def plain_number(content: Any) -> float:
    """The number that a cell of a table or a JSON value is.

    Python's own ``float`` takes ``true`` for 1, ``1_000`` for 1000, and ``nan``.

    Raises:
        BadInput: it is none, or may be read in two ways, as ``1,234`` and ``133,8`` are.
    """
    if isinstance(content, str):
        return _spelled(content.strip())
    kind = getattr(getattr(content, "dtype", None), "kind", "")
    truth = isinstance(content, bool) or kind == "b"
    if truth or not hasattr(content, "__float__"):
        raise BadInput(f"{_shown(content)} is not a number")
    try:
        number = float(content)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(f"{_shown(content)} is not a number") from None
    if not math.isfinite(number):
        raise BadInput(f"{number} is not a finite number")
    return number


def is_made_of_numbers(content: Any) -> bool:
    """Whether no true, false or text stands in an array or in nested lists."""
    if isinstance(content, list | tuple):
        return all(map(is_made_of_numbers, content))
    kind = getattr(content, "dtype", None)
    return kind.kind in "fiu" if kind else not isinstance(content, bool | str)


def one_value(named: Iterable[tuple[str, float]], agreement: float = 1e-3) -> float | None:
    """The value that several columns state; None where none does.

    Raises:
        BadInput: two of them say different things.
    """
    stated = list(named)
    for name, value in stated[1:]:
        first, other = stated[0]
        if abs(value - other) > agreement * max(abs(value), abs(other)):
            raise BadInput(f"{first} says {other:g}, but {name} says {value:g}")
    return stated[0][1] if stated else None


def _spelled(text: str) -> float:
    if PLAIN.fullmatch(text):
        number = float(text.upper().replace("D", "E"))
        if number - number == 0.0:
            return number
    if not text:
        raise BadInput("the cell is empty")
    if "," in text and PLAIN.fullmatch(text.replace(",", "")):
        raise BadInput(f"{_shown(text)} may be read in two ways: decimals take a point")
    raise BadInput(f"{_shown(text)} is not a number")


def _shown(content: Any) -> str:
    text = {True: "true", False: "false"}[content] if isinstance(content, bool) else repr(content)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
