"""Test predictions of one target, selected for drawing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matops.artifacts.pages.plots.style import BLUE, ORANGE
from matops.core.data.target import Target

Array = NDArray[np.float64]
RASTER_ROWS = 3000
MOST_DRAWN = 20_000
"""Of a target's numbers; of more every so many-th is drawn, and all are counted."""


@dataclass(frozen=True)
class Points:
    """Drawable test predictions of one target; every array has shape (n,)."""

    target: Target
    truth: Array  # true values, in the target's unit
    predicted: Array  # predicted values, same unit
    lower: Array  # lower ends of the intervals, same unit; no number out of domain
    upper: Array  # upper ends of the intervals, same unit; likewise
    score: Array  # domain scores
    outside: NDArray[np.bool_]  # which samples are out of domain
    dropped: int = 0  # rows left out: a number is not finite, or not positive on a logarithmic axis

    @property
    def drawn(self) -> slice:
        """The rows that are drawn: a page does not grow with the number of atoms."""
        return slice(None, None, -(-len(self.truth) // MOST_DRAWN) or 1)

    @property
    def error(self) -> Array:
        """Predicted minus true value on the learning scale."""
        return self.target.to_scale(self.predicted) - self.target.to_scale(self.truth)

    @property
    def half_width(self) -> Array:
        """Half widths of the intervals on the learning scale; no number out of domain.

        Where one end was moved to a bound, the other says it.
        """
        lower, middle, upper = map(self.target.to_scale, (self.lower, self.predicted, self.upper))
        return np.maximum(middle - lower, upper - middle)

    @property
    def parts(self) -> list[tuple[NDArray[np.bool_], dict[str, Any]]]:
        """Rows inside and outside the domain, each with its marker."""
        raster = len(self.truth) > RASTER_ROWS
        size = float(np.clip(6000 / max(len(self.truth), 1), 5, 17))
        inside = {"color": BLUE, "marker": "o", "s": size, "alpha": 0.75, "linewidths": 0}
        outside = {"facecolors": "none", "edgecolors": ORANGE, "marker": "D", "s": 1.4 * size}
        common = {"rasterized": raster, "zorder": 3}
        return [
            (~self.outside, inside | common | {"label": f"in domain ({(~self.outside).sum()})"}),
            (self.outside, outside | common | {"label": f"out of domain ({self.outside.sum()})"}),
        ]


def select_points(target: Target, rows: pd.DataFrame) -> Points:
    """One target's rows of the long table of test predictions, without those not drawable."""
    own = rows[rows["target"] == target.name]
    names = ["truth", "predicted", "lower", "upper", "domain_score"]
    numbers = own[names].to_numpy(dtype=float)
    outside = own["out_of_domain"].to_numpy(dtype=bool)
    numbers[outside, 2:4] = np.nan
    drawable = np.isfinite(numbers) & ((numbers > 0) | (target.scale == "identity"))
    drawable[:, 4] = np.isfinite(numbers[:, 4])
    drawable[outside, 2:4] = True
    drawable = drawable.all(axis=1)
    truth, predicted, lower, upper, score = numbers[drawable].T
    dropped = int((~drawable).sum())
    return Points(target, truth, predicted, lower, upper, score, outside[drawable], dropped)
