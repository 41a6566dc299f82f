"""Prediction intervals with a coverage that holds without assuming a noise model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matops.core.data.tables import Rows, Tables
from matops.core.data.target import Target
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import Groups, ratio_of_sums, with_interval

Array = NDArray[np.float64]

NORMAL_975 = 1.959964
"""97.5 % quantile of the normal distribution."""


LEAST_SPREAD = 0.3
"""Of the median spread, added to every spread: members that agree by chance promise nothing. Where
there is one bin it is the whole median, since groups too few for bins don't prove a spread."""
MOST_BINS = 10
LEAST_ROWS = 10
OUTSIDE_A_BIN = 3
"""Calibration groups of each bin that are expected outside their interval; fewer say too little."""


@dataclass(frozen=True)
class Conformal:
    """Split-conformal calibration of an ensemble, one entry a target.

    The interval is ``mean ± quantile (spread + floor)``, wide where the members disagree, with a
    quantile for each bin of predicted values: soft and stiff samples keep the promise each on
    their own. All components of a target have one floor and one quantile, since a turn of the
    sample mixes them.

    Source: Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), section 5.2 (locally weighted); Vovk,
    Proc. Mach. Learn. Res. 25, 475 (2012), section 4 (Mondrian: each bin for itself).
    """

    coverage: float  # nominal coverage, between 0 and 1
    # added to the ensemble's spread, learning scale; keeps intervals from vanishing
    floor: tuple[float, ...]
    quantile: tuple[tuple[float, ...], ...]  # multiplier found on the calibration rows, by bin
    rows: int  # number of calibration rows
    groups: int  # number of calibration groups
    # upper ends of all bins of predicted values but the last, learning scale; none for one bin
    edges: tuple[tuple[float, ...], ...] = ()

    def half_width(self, mean: Tables, spread: Tables) -> Tables:
        """Half widths on the learning scale from means and spreads of the members."""
        place = {target.name: i for i, target in enumerate(spread.targets)}

        def of_target(target: Target, block: Array) -> Array:
            i = place[target.name]
            edges = self.edges[i] if self.edges else ()
            bins = np.searchsorted(edges, mean.of(target)) if edges else 0
            return np.asarray(np.asarray(self.quantile[i])[bins] * (block + self.floor[i]))

        return spread.each_target(of_target)


def least_groups(coverage: float) -> int:
    """Fewest calibration groups with which a coverage can be promised at all."""
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def calibrate(
    truth: Tables, mean: Tables, spread: Tables, groups: Sequence[str], coverage: float
) -> Conformal:
    """Calibrate on samples that trained nothing.

    Numbers of one group err together, so that it is the groups that are exchangeable: each of the
    G groups shares a weight of 1/(G + 1) among its numbers, however many atoms it has, and the
    rest stands for the group to come. All is on the learning scale; ``spread`` has the standard
    deviations over the members. The bins of a scalar target's predicted values are as many as have
    enough groups, equally full, and at most ten; few groups make one bin.

    Raises:
        ValueError: too few groups for this coverage: no finite quantile exists.

    Source: Dunn, Wasserman and Ramdas, J. Am. Stat. Assoc. 118, 2491 (2023), section 3.
    """
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    n_groups = len(names)
    if n_groups < (least := least_groups(coverage)):
        few = f"{n_groups} calibration groups can't promise {coverage:.0%}"
        raise ValueError(f"{few}; {least} or more can")
    floors, quantiles, edges = [], [], []
    for target in truth.targets:
        group, own = group_of[truth.sample_of(target)], spread.numbers(target)
        predicted = mean.numbers(target)
        inner = _bin_edges(predicted, group, coverage) if target.is_scalar else ()
        floor = max((LEAST_SPREAD if inner else 1.0) * float(np.median(own)), 1e-6)
        scores = np.abs(truth.numbers(target) - predicted) / (own + floor)
        bins = np.searchsorted(inner, predicted)
        parts = [bins == number for number in range(len(inner) + 1)]
        floors.append(floor)
        quantiles.append(tuple(_group_quantile(scores[p], group[p], coverage) for p in parts))
        edges.append(inner)
    return Conformal(
        coverage, tuple(floors), tuple(quantiles), len(group_of), n_groups, tuple(edges)
    )


def _bin_edges(predicted: Array, group: Rows, coverage: float) -> tuple[float, ...]:
    """Inner edges of equally full bins, each with enough groups to promise the coverage."""
    enough = max(math.ceil(OUTSIDE_A_BIN / (1 - coverage) - 1e-9), least_groups(coverage))
    for count in range(min(MOST_BINS, len(np.unique(group)) // enough), 1, -1):
        inner = np.unique(np.quantile(predicted, np.arange(1, count) / count))
        bins = np.searchsorted(inner, predicted)
        sizes = [len(np.unique(group[bins == number])) for number in range(len(inner) + 1)]
        if min(sizes) >= least_groups(coverage):
            return tuple(inner.tolist())
    return ()


def _group_quantile(scores: Array, group: Rows, coverage: float) -> float:
    """The score that the group to come keeps below, with the promised probability."""
    names, index = np.unique(group, return_inverse=True)
    weight = 1 / (np.bincount(index)[index] * (len(names) + 1))
    return _weighted_quantile(scores, weight, coverage)


def _weighted_quantile(scores: Array, weight: Array, level: float) -> float:
    """Smallest score at which the cumulated weight reaches the level."""
    order = np.argsort(scores)
    reached = np.cumsum(weight[order]) >= level - 1e-9
    return float(scores[order][np.argmax(reached)])


def measured_coverage(truth: Array, mean: Array, half_width: Array, groups: Groups) -> Measurement:
    """Share of rows, shape (n,), inside their interval, with its 95 % interval over the groups."""
    inside = (np.abs(truth - mean) <= half_width).astype(float)
    return with_interval("1", [inside, np.ones_like(inside)], groups, ratio_of_sums)


@dataclass(frozen=True)
class ConditionalCoverage:
    """Measured coverage of equally large parts of the test rows, the lowest part first."""

    by_predicted: tuple[Measurement, ...]  # tenths by predicted value
    by_spread: tuple[Measurement, ...]  # quarters by the ensemble's spread


def conditional_coverage(
    truth: Array, mean: Array, half_width: Array, spread: Array, group: Rows
) -> ConditionalCoverage:
    """Coverage of tenths of the predicted value and quarters of the spread; rows of shape (n,).

    Few rows make fewer parts: each has ten or more.
    """

    def of_parts(by: Array, most: int) -> tuple[Measurement, ...]:
        order = np.argsort(by, kind="stable")
        parts = np.array_split(order, max(1, min(most, len(by) // LEAST_ROWS)))
        return tuple(
            measured_coverage(truth[rows], mean[rows], half_width[rows], group[rows])
            for rows in parts
        )

    return ConditionalCoverage(of_parts(mean, 10), of_parts(spread, 4))


def coverage_upper_end(measured: Measurement, conformal: Conformal) -> float:
    """Largest coverage that chance could have shown as the measured one (97.5 %).

    Chance enters twice: in the test groups, and in the calibration groups, which let the true
    coverage vary like a Beta variable around its nominal value.

    Source: Vovk, Proc. Mach. Learn. Res. 25, 475 (2012), proposition 2a.
    """
    if measured.high is None:
        return math.nan
    nominal = conformal.coverage
    calibration = NORMAL_975 * math.sqrt(nominal * (1 - nominal) / (conformal.groups + 2))
    upper = measured.value + math.hypot(measured.high - measured.value, calibration)
    # Unlike Python's, NumPy's minimum keeps what is not a number.
    return float(np.minimum(upper, 1.0))
