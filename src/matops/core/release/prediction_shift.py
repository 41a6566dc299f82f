"""How far an arm's predictions lie from another arm's, from histograms of the same edges."""

import math

import numpy as np

from matops.core.release.traffic import Buckets


def distance(one: Buckets, other: Buckets) -> float:
    """Kolmogorov-Smirnov distance at the edges: the largest difference of cumulated shares.

    Between edges it can't be seen, so that it is never more than that of the values themselves.
    """
    shares = [np.cumsum(b.counts) / b.total for b in (one, other)]
    return float(np.max(np.abs(shares[0] - shares[1])))


def distance_by_chance(values: float, other_values: float, level: float) -> float:
    """Distance that samples of one distribution exceed with a chance of at most ``level``.

    √(ln(2 / level) (1/n + 1/m) / 2)

    Source: Dvoretzky, Kiefer and Wolfowitz 1956 with Massart's constant; for two samples Wei and
    Dudley, Stat. Probab. Lett. 82, 636 (2012): proven for n = m ≥ 458, and for fewer with a level
    that is e / 2 times as large at most.
    """
    return math.sqrt(math.log(2 / level) * (1 / values + 1 / other_values) / 2)
