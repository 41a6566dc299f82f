"""Errors of a model on held-out rows, with confidence intervals that respect groups."""

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
    """Estimate and 95 % percentile interval of a statistic of column sums.

    Whole groups are resampled, because rows of one group err together.

    Args:
        columns: per-row contributions, shape (n, c).
        groups: group of each row, length n.
        statistic: maps column sums, shape (..., c), to values, shape (...).
        seed: seed of the resampling.

    Returns:
        The estimate on all rows, the lower and the upper end.

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


def target_errors(
    target: Target, truth: Array, predicted: Array, groups: Groups
) -> dict[str, Measurement]:
    """MAE, RMSE, R² and rank correlation of one target.

    Args:
        target: which property.
        truth: true values on the learning scale, shape (n,).
        predicted: predicted values on the learning scale, shape (n,).
        groups: group of each row.

    Returns:
        Measurements named ``<target>.mae`` (learning scale), ``<target>.mae_physical``
        (physical unit), ``.rmse``, ``.r2`` and ``.spearman``.
    """
    # A second to import, and cards are read where nothing is measured.
    from scipy.stats import spearmanr

    error, one, n = predicted - truth, np.ones_like(truth), len(truth)
    physical = np.abs(target.from_scale(predicted) - target.from_scale(truth))
    centred = truth - truth.mean()
    plan = {
        "mae": (target.scaled_unit, np.stack([np.abs(error), one], 1), ratio_of_sums),
        "mae_physical": (target.unit, np.stack([physical, one], 1), ratio_of_sums),
        "rmse": (target.scaled_unit, np.stack([error**2, one], 1), _root_mean),
        "r2": ("1", np.stack([error**2, centred, centred**2, one], 1), _r2),
    }
    found = {
        f"{target.name}.{name}": Measurement(value, unit, low, high, n)
        for name, (unit, columns, statistic) in plan.items()
        for value, low, high in [group_bootstrap(columns, groups, statistic)]
    }
    rank = float(spearmanr(truth, predicted).statistic) if n > 1 else float("nan")
    found[f"{target.name}.spearman"] = Measurement(rank, "1", rows=n)
    return found


def physical_errors(
    unit: str, truth: Array, predicted: Array, groups: Groups
) -> dict[str, Measurement]:
    """MAE, RMSE and R² in physical units over all (row, target) pairs together.

    With several targets, R² is about the mean of all pairs, so that it also counts what tells the
    targets apart.

    Args:
        unit: unit of all values.
        truth: true values, shape (n, n_targets), in ``unit``.
        predicted: predicted values, same shape and unit.
        groups: group of each row; whole groups are resampled.

    Returns:
        Measurements named ``mae``, ``rmse`` and ``r2``.
    """
    error, ones = predicted - truth, np.ones_like(truth)
    centred = truth - truth.mean()
    plan = {
        "mae": (unit, [np.abs(error), ones], ratio_of_sums),
        "rmse": (unit, [error**2, ones], _root_mean),
        "r2": ("1", [error**2, centred, centred**2, ones], _r2),
    }
    return {
        name: Measurement(value, unit, low, high, truth.size)
        for name, (unit, parts, statistic) in plan.items()
        for value, low, high in [
            group_bootstrap(np.stack([part.sum(1) for part in parts], 1), groups, statistic)
        ]
    }


def paired_difference(
    unit: str, challenger_error: Array, champion_error: Array, groups: Groups
) -> Measurement:
    """Mean of challenger's minus champion's absolute error on the same rows, shape (n,) each.

    Negative is better for the challenger.
    """
    columns = np.stack([challenger_error - champion_error, np.ones_like(champion_error)], 1)
    value, low, high = group_bootstrap(columns, groups, ratio_of_sums)
    return Measurement(value, unit, low, high, len(champion_error))
