"""What a sample looks like, as numbers: whoever shows it draws them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Disc:
    """A round part of a view, as an atom."""

    x: float  # of its centre, to the right
    y: float  # of its centre, upwards
    radius: float
    name: str  # discs of one name have one colour


@dataclass(frozen=True, eq=False)
class View:
    """A sample from one side, in any unit of length: discs in a frame, or a section of a solid."""

    title: str
    discs: tuple[Disc, ...] = ()  # those in front come last
    frame: tuple[tuple[float, float], ...] = ()  # corners in order
    solid: NDArray[np.bool_] | None = None  # shape (rows, columns), the first row on top
