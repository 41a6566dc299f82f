"""Errors of a model on held-out rows, with confidence intervals that respect groups."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from matops.core.data.target import Target
from matops.core.quality.gate import Measurement

RESAMPLES = 2000
CONFIDENCE = 0.95

Array = NDArray[np.float64]
Groups = Sequence[str] | NDArray[np.int64]
"""Group of each row: its name, or its number."""


def _group_sums(columns: Array, groups: Groups) -> Array:
    """Sums of the columns (n, c) over each group, shape (n_groups, c)."""
    _, inverse = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.zeros((inverse.max() + 1, columns.shape[1]))
    np.add.at(sums, inverse, columns)
    return sums


def group_bootstrap(
    columns: Array, groups: Groups, statistic: Callable[[Array], Array], seed: int = 0
) -> tuple[float, float, float]:
    """Estimate, lower and upper end of the 95 % percentile interval of a statistic of column sums.

    Whole groups are resampled, because rows of one group err together. The columns are per-row
    contributions, shape (n, c); the statistic maps sums, shape (..., c), to values, shape (...).

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), ch. 13.
    """
    sums = _group_sums(columns, groups)
    n_groups = len(sums)
    draws = np.random.default_rng(seed).multinomial(
        n_groups, np.full(n_groups, 1 / n_groups), size=RESAMPLES
    )
    tail = (1 - CONFIDENCE) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.nanquantile(statistic(draws @ sums), [tail, 1 - tail])
        estimate = float(statistic(sums.sum(0)))
    return estimate, float(low), float(high)


def ratio_of_sums(sums: Array) -> Array:
    """The mean, from column sums of (value, one): shape (..., 2) to (...)."""
    return sums[..., 0] / sums[..., 1]


def _root_mean(sums: Array) -> Array:
    return np.asarray(np.sqrt(ratio_of_sums(sums)))


def _r2(sums: Array) -> Array:
    squared_error, truth, truth_squared, rows = np.moveaxis(sums, -1, 0)
    return np.asarray(1 - squared_error / (truth_squared - truth**2 / rows))


def with_interval(
    unit: str, parts: Sequence[Array], groups: Groups, statistic: Callable[[Array], Array]
) -> Measurement:
    """A statistic of some contributions, shape (n,) or (n, n_targets), with its interval."""
    columns = np.stack([part.reshape(len(part), -1).sum(1) for part in parts], 1)
    value, low, high = group_bootstrap(columns, groups, statistic)
    return Measurement(value, unit, low, high, parts[0].size)


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's rank correlation of two columns of shape (n,).

    It is not a number where one has the same value in every row, or there are fewer than two rows:
    nothing is ranked there.
    """
    # A second to import, and cards are read where nothing is measured.
    from scipy.stats import spearmanr

    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(spearmanr(first, second).statistic)


def target_errors(
    target: Target, truth: Array, predicted: Array, groups: Groups
) -> dict[str, Measurement]:
    """MAE, RMSE, R² and rank correlation of one target, from values (n,) on the learning scale.

    Returns:
        Measurements named ``<target>.mae`` (learning scale), ``<target>.mae_physical``
        (physical unit), ``.rmse``, ``.r2`` and ``.spearman``.
    """
    error, one, n = predicted - truth, np.ones_like(truth), len(truth)
    physical = np.abs(target.from_scale(predicted) - target.from_scale(truth))
    centred = truth - truth.mean()
    errors = {
        "mae": with_interval(target.scaled_unit, [np.abs(error), one], groups, ratio_of_sums),
        "mae_physical": with_interval(target.unit, [physical, one], groups, ratio_of_sums),
        "rmse": with_interval(target.scaled_unit, [error**2, one], groups, _root_mean),
        "r2": with_interval("1", [error**2, centred, centred**2, one], groups, _r2),
    }
    errors["spearman"] = Measurement(rank_correlation(truth, predicted), "1", rows=n)
    return {f"{target.name}.{name}": measurement for name, measurement in errors.items()}


def physical_errors(
    unit: str, truth: Array, predicted: Array, groups: Groups
) -> dict[str, Measurement]:
    """MAE, RMSE and R² in physical units over all (row, target) pairs together.

    With several targets, R² is about the mean of all pairs, so that it also counts what tells the
    targets apart. The values have the shape (n, n_targets).

    Returns:
        Measurements named ``mae``, ``rmse`` and ``r2``.
    """
    error, ones = predicted - truth, np.ones_like(truth)
    centred = truth - truth.mean()
    return {
        "mae": with_interval(unit, [np.abs(error), ones], groups, ratio_of_sums),
        "rmse": with_interval(unit, [error**2, ones], groups, _root_mean),
        "r2": with_interval("1", [error**2, centred, centred**2, ones], groups, _r2),
    }


def paired_difference(
    unit: str, challenger_error: Array, champion_error: Array, groups: Groups
) -> Measurement:
    """Mean of challenger's minus champion's absolute error on the same rows, shape (n,) each.

    Negative is better for the challenger.
    """
    parts = [challenger_error - champion_error, np.ones_like(champion_error)]
    return with_interval(unit, parts, groups, ratio_of_sums)
