"""Target properties: names, units, the scale they are learnt on and their physical bounds."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scale = Literal["log10", "identity"]


@dataclass(frozen=True)
class Target:
    """A property that a family predicts.

    Attributes:
        name: the field's own name, as in ``K_VRH``.
        unit: unit of the physical value, as in ``GPa``.
        description: one line for people who don't know the name.
        scale: the scale on which the network learns and errors are averaged.
        lower: values at or below this are unphysical, in ``unit``; None for no bound.
        upper: values at or above this are unphysical, in ``unit``; None for no bound.
        quantity: what this is one direction of; targets with the same one are scaled alike.
    """

    name: str
    unit: str
    description: str
    scale: Scale = "identity"
    lower: float | None = None
    upper: float | None = None
    quantity: str = ""

    def __post_init__(self) -> None:
        if self.scale == "log10" and (self.lower is None or self.lower < 0):
            raise ValueError(f"{self.name}: a log10 target needs a lower bound of zero or more")

    @property
    def scaled_unit(self) -> str:
        """Unit of the learning scale, as in ``log10(GPa)``."""
        return f"log10({self.unit})" if self.scale == "log10" else self.unit

    def to_scale(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Physical values (any shape, in ``unit``) on the learning scale."""
        return np.log10(values) if self.scale == "log10" else np.asarray(values, dtype=float)

    def from_scale(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values on the learning scale (any shape) back in ``unit``."""
        return np.power(10.0, scaled) if self.scale == "log10" else np.asarray(scaled, dtype=float)

    def is_physical(self, values: NDArray[np.float64] | np.float64) -> NDArray[np.bool_]:
        """Which values (any shape, in ``unit``) are finite and strictly inside the bounds."""
        lower = -np.inf if self.lower is None else self.lower
        upper = np.inf if self.upper is None else self.upper
        return np.asarray(np.isfinite(values) & (values > lower) & (values < upper))


def targets_to_scale(
    targets: tuple[Target, ...], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Columns of physical values, shape (n, n_targets), on their learning scales."""
    return np.stack([t.to_scale(values[..., i]) for i, t in enumerate(targets)], axis=-1)


def targets_from_scale(
    targets: tuple[Target, ...], scaled: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Columns on their learning scales, shape (..., n_targets), back in physical units."""
    return np.stack([t.from_scale(scaled[..., i]) for i, t in enumerate(targets)], axis=-1)
