"""A target's value for one sample: a number, or rows and components as nested lists."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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
