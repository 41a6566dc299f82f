"""How unlike the training rows a sample looks, seen through some of its descriptors.

Both views leave a training row's own group out where they learn what is usual: a row that has its
twin beside it says nothing of how far a new sample may lie.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

NEIGHBOURS = 5
SURROUNDINGS = 15
"""Nearest training rows whose own distances say how dense it is there."""
LEAST_SPACING = 0.1
"""Of the typical spacing, below which no place counts as denser."""
ROWS_AT_ONCE = 256
STORED_TO = 1e-5
"""Deviations below which rows are the same: a package keeps them in single precision."""
RIDGE = 10.0
"""Weight of the squared weights beside that of one row's squared residual."""
EXTREME = 4.0
"""Deviations beyond which what is expected is not extrapolated."""
NEGLIGIBLE = 0.01
"""Of the residuals' variance: a direction that varies less weighs no more."""
USUAL = 0.99
"""Share of the training rows that a view, and the score, calls usual."""


@dataclass(frozen=True)
class View:
    """Descriptors that are looked at together; columns count from zero."""

    columns: tuple[int, ...]
    # descriptors from which those should follow; with none, samples are compared with training rows
    given: tuple[int, ...] = ()
    # further ones from which they should, each by itself: too many to look at in pairs
    linear: tuple[int, ...] = ()


@dataclass(frozen=True)
class Nearness:
    """Mean distance to the nearest training rows, over what it is around there.

    Where training rows are dense, less is far. The local spacing enters by its square root, so
    that a lonely training row is no licence for everything near it.

    Source: after the local outlier factor, Breunig et al., Proc. ACM SIGMOD, 93 (2000).
    """

    columns: Index  # the descriptors that are compared, shape (c,)
    spacing: Array  # mean distance of each training row to its nearest of other groups, shape (m,)
    limit: Array  # 99th percentile over the training rows, shape ()

    def novelty(self, points: Array, known: Array) -> Array:
        """One where the farthest percent of the training rows lies, shape (n,).

        ``points`` (n, d) are standardised, and so are the compared descriptors of the training
        rows, ``known`` (m, c).
        """
        distance, place = _nearest(points[:, self.columns], known)
        return _over_surroundings(distance, self.spacing[place], self._typical) / self.limit

    @cached_property
    def _typical(self) -> float:
        return _typical(self.spacing)


@dataclass(frozen=True)
class Expectation:
    """How far descriptors are from what others let expect, in a ridge regression of second order.

    As bond lengths from the elements: a stretched crystal has the composition of many.
    """

    columns: Index  # descriptors that should follow, shape (c,)
    given: Index  # those from which, with their products, shape (g,)
    linear: Index  # those from which by themselves, shape (l,)
    weights: Array  # of the terms of the regression, shape (t, c)
    whitening: Array  # from residuals to numbers of unit variance, shape (c, c)
    limit: Array  # 99th percentile over the training rows, shape ()

    def novelty(self, points: Array, known: Array) -> Array:
        """The same; of training rows only the regression is left."""
        expected = _terms(points[:, self.given], points[:, self.linear]) @ self.weights
        residuals = (points[:, self.columns] - expected) @ self.whitening
        return np.asarray(np.linalg.norm(residuals, axis=1) / self.limit)


FittedView = Nearness | Expectation


def fit_view(view: View, reference: Array, group: Index) -> tuple[FittedView, Array]:
    """A view of standardised training rows, and their own novelty with their groups left out."""
    fit = _fit_expectation if view.given else _fit_nearness
    return fit(view, reference, group)


def _limit(own: Array) -> Array:
    return np.asarray(max(float(np.quantile(own, USUAL)), 1e-9))


def _fit_nearness(view: View, reference: Array, group: Index) -> tuple[Nearness, Array]:
    columns = np.array(view.columns, dtype=np.int64)
    distance, place = _nearest(reference[:, columns], reference[:, columns], group)
    spacing = distance[:, :NEIGHBOURS].mean(axis=1)
    own = _over_surroundings(distance, spacing[place], _typical(spacing))
    limit = _limit(own)
    return Nearness(columns, spacing, limit), own / limit


def _nearest(points: Array, reference: Array, group: Index | None = None) -> tuple[Array, Index]:
    """The nearest reference rows of each point: distances and row numbers, shape (n, k).

    With the ``group`` of each reference row, the points are these rows, and those of one's own
    group don't count.
    """
    from scipy.spatial.distance import cdist

    others = len(reference) - (0 if group is None else int(np.bincount(group).max()))
    count = max(1, min(SURROUNDINGS, others))
    distances, places = [], []
    for first in range(0, len(points), ROWS_AT_ONCE):
        some = slice(first, first + ROWS_AT_ONCE)
        distance = cdist(points[some], reference)
        distance[distance < STORED_TO] = 0.0
        if group is not None and others:
            distance[group[some, None] == group] = np.inf
        near = np.argpartition(distance, count - 1, axis=1)[:, :count]
        distance = np.take_along_axis(distance, near, axis=1)
        order = np.argsort(distance, axis=1)
        distances.append(np.take_along_axis(distance, order, axis=1))
        places.append(np.take_along_axis(near, order, axis=1))
    return np.concatenate(distances), np.concatenate(places)


def _typical(spacing: Array) -> float:
    return max(float(np.median(spacing)), 1e-9)


def _over_surroundings(distance: Array, around: Array, typical: float) -> Array:
    """Mean distance to the nearest rows over the spacing around them and the typical one."""
    ordered = np.sort(around, axis=1)
    half = ordered.shape[1] // 2
    # The median, which NumPy's own takes longer for than for all else here.
    median = (ordered[:, half] + ordered[:, ~half]) / 2
    usual = np.sqrt(median * typical) + LEAST_SPACING * typical
    return np.asarray(distance[:, :NEIGHBOURS].mean(axis=1) / usual)


def _terms(given: Array, linear: Array) -> Array:
    """One, the given numbers and their products, and further numbers, shape (n, t)."""
    some, alone = (numbers.clip(-EXTREME, EXTREME) for numbers in (given, linear))
    i, j = _pairs(some.shape[1])
    return np.concatenate([np.ones((len(some), 1)), some, some[:, i] * some[:, j], alone], axis=1)


@cache
def _pairs(count: int) -> tuple[Index, Index]:
    """Numbers of the one and the other in each pair, with itself too."""
    return np.triu_indices(count)


def _fit_expectation(view: View, reference: Array, group: Index) -> tuple[Expectation, Array]:
    columns, given, linear = (
        np.array(part, dtype=np.int64) for part in (view.columns, view.given, view.linear)
    )
    terms, truth = _terms(reference[:, given], reference[:, linear]), reference[:, columns]
    penalty = RIDGE * np.eye(terms.shape[1])
    solve: Array = np.linalg.solve(terms.T @ terms + penalty, terms.T).astype(np.float64)
    weights = solve @ truth
    residuals = _without_own_group(truth - terms @ weights, terms, solve, group)
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(residuals.T)))
    whitening = axes / np.sqrt(variance + NEGLIGIBLE * max(float(variance.max()), 1e-9))
    own = np.linalg.norm(residuals @ whitening, axis=1)
    limit = _limit(own)
    return Expectation(columns, given, linear, weights, whitening, limit), own / limit


def _without_own_group(residuals: Array, terms: Array, solve: Array, group: Index) -> Array:
    """Residuals of a ridge regression that had not seen the row's group.

    Source: block leave-one-out, as Allen's PRESS, Technometrics 16, 125 (1974), for groups.
    """
    left_out = np.empty_like(residuals)
    for rows in np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1]):
        leverage = terms[rows] @ solve[:, rows]
        left_out[rows] = np.linalg.solve(np.eye(len(rows)) - leverage, residuals[rows])
    return left_out
