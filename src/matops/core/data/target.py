"""Target properties: names, units, the scale they are learnt on and their physical bounds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scale = Literal["log10", "identity"]
SAMPLE_AXIS = "sample"
"""The axis with one row a sample; any other has as many as the sample says, as one an atom."""
ROUNDING = 1e-4
"""Of the ``log_floor``: where values are as little as this, they are rounding."""
LARGEST_RANK = 2
"""Of a value on its row: a vector has one, a tensor two; a stiffness is written in Voigt's form."""


@dataclass(frozen=True)
class Target:
    """A property that a family predicts."""

    name: str  # the field's own name, as in ``K_VRH``
    unit: str  # unit of the physical value, as in ``GPa``
    description: str  # one line for people who don't know the name
    scale: Scale = "identity"  # the scale on which the network learns and errors are averaged
    # values at or below this are unphysical, in ``unit``, unless ``closed``; None for no bound
    lower: float | None = None
    # values at or above this are unphysical, in ``unit``, unless ``closed``; None for no bound
    upper: float | None = None
    # whether a value may be a bound itself, as where no path leads through a sample
    closed: bool = False
    # of a log10 scale: what is added to a value before its logarithm, in ``unit``; with it zero is
    # a value as any other. Far below all others it changes none of them
    log_floor: float = 0.0
    # whether networks answer on the learning scale itself, and not in deviations from the training
    # rows' mean: they can where they know the physical bounds of each sample
    absolute: bool = False
    quantity: str = ""  # what this is one direction of; targets with the same one are scaled alike
    # what the value has a row for, as in ``atom``, named as the features name it
    axis: str = SAMPLE_AXIS
    # of the value on one row: ``()`` a number, ``(3,)`` a vector, ``(3, 3)`` a tensor
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.shape) > LARGEST_RANK or min(self.shape, default=1) < 1:
            raise ValueError(f"{self.name}: no vector or matrix has the shape {self.shape}")
        if self.scale == "log10" and (self.lower is None or self.lower < 0):
            raise ValueError(f"{self.name}: a log10 target needs a lower bound of zero or more")
        if self.log_floor < 0 or (self.log_floor and self.scale != "log10"):
            raise ValueError(f"{self.name}: only a log10 scale has a log_floor, of zero or more")
        if self.closed and self.scale == "log10" and not (self.lower or self.log_floor):
            raise ValueError(f"{self.name}: zero has no logarithm without a log_floor")

    @property
    def size(self) -> int:
        """Numbers on one row."""
        return math.prod(self.shape)

    @property
    def is_scalar(self) -> bool:
        """Whether it is one number a sample."""
        return self.axis == SAMPLE_AXIS and not self.shape

    @property
    def form(self) -> str:
        """Rows and components in words, as in ``atoms × 3``; empty for a scalar."""
        rows = () if self.axis == SAMPLE_AXIS else (f"{self.axis}s",)
        return " × ".join(map(str, (*rows, *self.shape)))

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the numbers on one row, the last index fastest: ``x``, ``xy`` or ``0,12``."""
        spatial = set(self.shape) == {3}
        places = product(*("xyz" if spatial else map(str, range(n)) for n in self.shape))
        return tuple(("" if spatial else ",").join(place) for place in places)

    @property
    def scaled_unit(self) -> str:
        """Unit of the learning scale, as in ``log10(GPa)``."""
        return f"log10({self.unit})" if self.scale == "log10" else self.unit

    def to_scale(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Physical values (any shape, in ``unit``) on the learning scale."""
        if self.scale == "log10":
            return np.log10(np.asarray(values, dtype=float) + self.log_floor)
        return np.asarray(values, dtype=float)

    def from_scale(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values on the learning scale (any shape) back in ``unit``."""
        if self.scale == "identity":
            return np.asarray(scaled, dtype=float)
        values = np.power(10.0, scaled) - self.log_floor
        # The logarithm of the floor is rounded, and stands for zero all the same.
        return np.where(np.abs(values) < ROUNDING * self.log_floor, 0.0, values)

    def within(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (any shape, in ``unit``), those beyond a bound moved to it."""
        lower = -np.inf if self.lower is None else self.lower
        upper = np.inf if self.upper is None else self.upper
        return np.clip(values, lower, upper)

    def is_physical(self, values: NDArray[np.float64] | np.float64) -> NDArray[np.bool_]:
        """Which values (any shape, in ``unit``) are finite and inside the bounds.

        The bounds themselves are where the target is ``closed``.
        """
        lower = -np.inf if self.lower is None else self.lower
        upper = np.inf if self.upper is None else self.upper
        inside = (values > lower) & (values < upper)
        at_bound = (values == lower) | (values == upper)
        return np.asarray(np.isfinite(values) & (inside | (at_bound & self.closed)))


def axis_order(axes: Iterable[str]) -> tuple[str, ...]:
    """Axes without repeats in the order in which their columns are counted: the sample's first."""
    return tuple(sorted(set(axes), key=lambda axis: (axis != SAMPLE_AXIS, axis)))


def scalars_of(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Those that are one number a sample: designs are judged by no others."""
    return tuple(target for target in targets if target.is_scalar)


EDGES_A_DECADE = 8
EQUAL_EDGES = 40


def value_edges(target: Target) -> tuple[float, ...]:
    """Upper edges, in ``unit``, of histograms of a target's values, ascending, without infinity.

    An array is counted by its :func:`~matops.core.data.value.magnitude`.

    They follow from the target alone: histograms of all models of a family can be compared.
    Positive properties have equal ratios (eight a decade, four decades below the upper bound),
    bounded ones that may be negative have equal steps, and others equal ratios on both sides.
    """
    lower, upper = target.lower, target.upper
    if not target.is_scalar:
        return ladder(1e4, decades=8, a_decade=EDGES_A_DECADE)
    if lower is not None and lower >= 0:
        return ladder(upper or 1e4, decades=4 if upper else 8, a_decade=EDGES_A_DECADE)
    if lower is not None and upper is not None:
        return tuple(map(_rounded, np.linspace(lower, upper, EQUAL_EDGES + 1)))
    positive = ladder(1e4, decades=7, a_decade=EDGES_A_DECADE // 2)
    return (*(-edge for edge in reversed(positive)), 0.0, *positive)


def width_edges(target: Target) -> tuple[float, ...]:
    """Upper edges, in ``unit``, of histograms of the widths of a target's intervals."""
    bounds = (target.lower, target.upper)
    span = bounds[1] - bounds[0] if bounds[0] is not None and bounds[1] is not None else 1e4
    return ladder(span, decades=5, a_decade=EDGES_A_DECADE // 2)


def ladder(top: float, decades: int, a_decade: int) -> tuple[float, ...]:
    """Numbers with equal ratios that end at ``top``, ascending."""
    powers = np.arange(-decades * a_decade, 1) / a_decade
    return tuple(_rounded(top * 10.0**power) for power in powers)


def _rounded(edge: float) -> float:
    """Four digits, so that all machines have the same edges."""
    return float(f"{edge:.4g}")
