"""Prediction intervals with a coverage that holds without assuming a noise model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matops.core.data.tables import Tables
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import Groups, ratio_of_sums, with_interval

Array = NDArray[np.float64]

NORMAL_975 = 1.959964
"""97.5 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Conformal:
    """Split-conformal calibration of an ensemble, one entry a target.

    The interval is ``mean ± quantile (spread + floor)``: wide where the members disagree. All
    components of a target have one floor and one quantile, since a turn of the sample mixes them.

    Source: Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), section 5.2 (locally weighted).
    """

    coverage: float  # nominal coverage, between 0 and 1
    # added to the ensemble's spread, learning scale; keeps intervals from vanishing
    floor: tuple[float, ...]
    quantile: tuple[float, ...]  # multiplier found on the calibration rows
    rows: int  # number of calibration rows
    groups: int  # number of calibration groups

    def half_width(self, spread: Tables) -> Tables:
        """Half widths on the learning scale from spreads of the members."""
        place = {target.name: i for i, target in enumerate(spread.targets)}
        return spread.each_target(
            lambda t, block: self.quantile[place[t.name]] * (block + self.floor[place[t.name]])
        )


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
    deviations over the members.

    Raises:
        ValueError: too few groups for this coverage: no finite quantile exists.

    Source: Dunn, Wasserman and Ramdas, J. Am. Stat. Assoc. 118, 2491 (2023), section 3.
    """
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    n_groups = len(names)
    if n_groups < (least := least_groups(coverage)):
        few = f"{n_groups} calibration groups can't promise {coverage:.0%}"
        raise ValueError(f"{few}; {least} or more can")
    floors, quantiles = [], []
    for target in truth.targets:
        group = group_of[truth.sample_of(target)]
        weight = 1 / (np.bincount(group, minlength=n_groups)[group] * (n_groups + 1))
        own = spread.numbers(target)
        floor = max(float(np.median(own)), 1e-6)
        scores = np.abs(truth.numbers(target) - mean.numbers(target)) / (own + floor)
        floors.append(floor)
        quantiles.append(_weighted_quantile(scores, weight, coverage))
    return Conformal(coverage, tuple(floors), tuple(quantiles), len(group_of), n_groups)


def _weighted_quantile(scores: Array, weight: Array, level: float) -> float:
    """Smallest score at which the cumulated weight reaches the level."""
    order = np.argsort(scores)
    reached = np.cumsum(weight[order]) >= level - 1e-9
    return float(scores[order][np.argmax(reached)])


def measured_coverage(truth: Array, mean: Array, half_width: Array, groups: Groups) -> Measurement:
    """Share of rows, shape (n,), inside their interval, with its 95 % interval over the groups."""
    inside = (np.abs(truth - mean) <= half_width).astype(float)
    return with_interval("1", [inside, np.ones_like(inside)], groups, ratio_of_sums)


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
