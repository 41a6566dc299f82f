"""How far an arm's predictions lie from another arm's, from histograms."""

import numpy as np
from scipy.stats import chi2

from matops.core.traffic import Buckets


def stability_index(one: Buckets, other: Buckets) -> float:
    """Population stability index, Σ (p - q) ln(p / q) over the buckets that any value fell in.

    Half a value is added to each bucket, so that an empty one does not make it infinite.

    Source: Siddiqi 2006, Credit Risk Scorecards, chapter 9.
    """
    counts = np.array([one.counts, other.counts])
    counts = counts[:, counts.sum(axis=0) > 0] + 0.5
    p, q = counts / counts.sum(axis=1, keepdims=True)
    return float(np.sum((p - q) * np.log(p / q)))


def shift_by_chance(
    one: Buckets, other: Buckets, samples: tuple[float, float], level: float
) -> float:
    """Index that arms of the same distribution exceed with a chance of ``level`` only.

    Args:
        one: one arm's histogram.
        other: the other's.
        samples: independent values that each of them stands for.
        level: the chance.

    Source: Yurdakul 2018, Statistical Properties of Population Stability Index, theorem 2.3: the
        index over (1/N + 1/M) is distributed like chi-squared with one degree less than buckets.
    """
    used = int(np.sum(np.add(one.counts, other.counts) > 0))
    if used < 2:
        return 0.0
    return float(chi2.isf(level, used - 1) * (1 / samples[0] + 1 / samples[1]))
