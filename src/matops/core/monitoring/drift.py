"""Drift: how far what a model is asked lies from what it was trained on, descriptor by descriptor.

The population stability index of two histograms with shares p (live) and q (training) is
Σ (p − q) ln(p / q). Source: Siddiqi (2006), Credit Risk Scorecards, chapter 9; below 0.1 nothing
has changed, from 0.25 on much has. Samples of one population have an index as well, by chance:
about (1/n + 1/m) times a chi-squared number with one degree of freedom less than there are bins.
Source: Yurdakul and Naranjo (2020), Journal of Risk Model Validation 14(4), 89–100.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matops.core.release.traffic import Buckets

if TYPE_CHECKING:
    from matops.core.quality.domain import Domain

Array = NDArray[np.float64]

EDGES = (
    *(-4.0, -3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0),
    *(0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, inf),
)
"""Of standardised descriptors: the same for all models, so that their histograms can be added."""

LEAST_SHARE = 0.05
"""Of the training rows in one bin: fewer make the index a matter of single rows."""

MOST_DESCRIPTORS = 32
"""Monitored of one family, the first that it names: each is a histogram of 20 buckets for each
running model."""

CHANCE = 0.05
"""Probability that samples of the training population alone show a drift in any descriptor."""


@dataclass(frozen=True)
class Shift:
    """How one descriptor moved."""

    descriptor: str
    index: float  # population stability index of live samples against training rows
    expected: float  # what the index of as many samples of the training population is on average
    by_chance: float  # what it exceeds only by a chance of 5 % in any of all descriptors
    train: Buckets  # histogram of the training rows, standardised
    live: Buckets  # histogram of the live samples, on the same edges

    @property
    def drift(self) -> float:
        """The index without what chance adds on average; zero where chance explains all of it."""
        return self.index - self.expected if self.index > self.by_chance else 0.0


def bucket_counts(values: Array) -> NDArray[np.int64]:
    """Values (n, d) counted between EDGES, shape (d, n_edges); an edge belongs to what is below."""
    place = np.searchsorted(EDGES, values, side="left")
    counts = np.zeros((values.shape[1], len(EDGES)), dtype=np.int64)
    np.add.at(counts, (np.arange(values.shape[1]), place), 1)
    return counts


def training_histograms(domain: Domain, names: Sequence[str]) -> dict[str, Buckets]:
    """Histograms of the training rows' monitored descriptors; ``names`` has all, in their order."""
    columns = domain.reference.T[:MOST_DESCRIPTORS]
    return {
        name: Buckets.of(column, EDGES)
        for name, column in zip(names[:MOST_DESCRIPTORS], columns, strict=True)
    }


def _bins(train: Array) -> NDArray[np.intp]:
    """Number of the bin of each bucket: neighbours are joined until each has its least share.

    Empty buckets below and above all training rows stay bins of their own, however few they are
    expected to get: nothing says more than values that no training row had.
    """
    occupied = np.flatnonzero(train)
    first, last = occupied[0], occupied[-1]
    number, held, bins = int(first > 0), 0.0, np.zeros(len(train), dtype=np.intp)
    least, left = LEAST_SHARE * train.sum(), train.sum()
    for bucket in range(first, last + 1):
        bins[bucket] = number
        held, left = held + train[bucket], left - train[bucket]
        if held >= least and left >= least:
            number, held = number + 1, 0.0
    bins[last + 1 :] = bins[last] + 1
    return bins


def stability_index(train: Buckets, live: Buckets) -> tuple[float, int]:
    """Population stability index, and the number of bins that it was taken over.

    Half a sample is added to each bin of both, so that empty ones have a logarithm.

    Raises:
        ValueError: the histograms have other edges, or one is empty.
    """
    if train.edges != live.edges or not train.total or not live.total:
        raise ValueError("two histograms with values on the same edges are needed")
    bins = _bins(np.array(train.counts))
    counts = [np.bincount(bins, h.counts) + 0.5 for h in (live, train)]
    p, q = (row / row.sum() for row in counts)
    return float(np.sum((p - q) * np.log(p / q))), len(p)


def compare(train: Mapping[str, Buckets], live: Mapping[str, Buckets]) -> list[Shift]:
    """How each descriptor that both have moved, the farthest first."""
    from scipy.special import chdtri  # the chi-squared number that a probability exceeds

    shared = [n for n in train if n in live and train[n].total > 0 and live[n].total > 0]
    shifts = []
    for name in shared:
        index, bins = stability_index(train[name], live[name])
        scale = 1 / train[name].total + 1 / live[name].total
        # A descriptor that never varies has one bin and nothing to go by.
        free = max(bins - 1, 1)
        by_chance = scale * float(chdtri(free, CHANCE / len(shared)))
        shifts.append(Shift(name, index, scale * free, by_chance, train[name], live[name]))
    return sorted(shifts, key=lambda shift: (-shift.drift, -shift.index))


def largest_drift(shifts: Sequence[Shift]) -> float:
    """One number for all descriptors: that of the one that moved farthest."""
    return max((shift.drift for shift in shifts), default=0.0)
