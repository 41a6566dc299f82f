"""Prediction intervals with a coverage that holds without assuming a noise model."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from matops.core.gate import Measurement

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Conformal:
    """Split-conformal calibration of an ensemble, one entry a target.

    The interval is ``mean ± quantile (spread + floor)``: wide where the members disagree.

    Attributes:
        coverage: nominal coverage, between 0 and 1.
        floor: added to the ensemble's spread, learning scale; keeps intervals from vanishing.
        quantile: multiplier found on the calibration rows.
        rows: number of calibration rows.

    Source: Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), section 5.2 (locally weighted).
    """

    coverage: float
    floor: tuple[float, ...]
    quantile: tuple[float, ...]
    rows: int

    def half_width(self, spread: Array) -> Array:
        """Half widths on the learning scale from spreads of shape (..., n_targets)."""
        return np.asarray(self.quantile) * (spread + np.asarray(self.floor))


def calibrate(truth: Array, mean: Array, spread: Array, coverage: float) -> Conformal:
    """Calibrate on rows that trained nothing.

    Args:
        truth: true values on the learning scale, shape (n, n_targets).
        mean: ensemble means, same shape.
        spread: standard deviations over the members, same shape.
        coverage: nominal coverage.

    Raises:
        ValueError: too few rows for this coverage: no finite quantile exists.
    """
    n = len(truth)
    rank = math.ceil((n + 1) * coverage)
    if rank > n:
        needed = math.ceil(coverage / (1 - coverage))
        raise ValueError(f"{n} calibration rows can't give {coverage:.0%}; {needed} or more can")
    floor = np.maximum(np.median(spread, axis=0), 1e-6)
    scores = np.sort(np.abs(truth - mean) / (spread + floor), axis=0)
    return Conformal(coverage, tuple(floor.tolist()), tuple(scores[rank - 1].tolist()), n)


def measured_coverage(truth: Array, mean: Array, half_width: Array) -> Measurement:
    """Share of rows, shape (n,), inside their interval, with its Clopper–Pearson 95 % interval."""
    n, inside = len(truth), int((np.abs(truth - mean) <= half_width).sum())
    low = float(beta.ppf(0.025, inside, n - inside + 1)) if inside else 0.0
    high = float(beta.ppf(0.975, inside + 1, n - inside)) if inside < n else 1.0
    return Measurement(inside / n, "1", low, high, n)
