"""How slow an arm is beside another one, from histograms of latency."""

import numpy as np

from matops.core.release.evidence import Array, log_martingale
from matops.core.release.traffic import Buckets

TAILS = {"p50": 0.5, "p95": 0.05}
"""Share of the requests that is slower than each quantile that is compared. p95 alone would not see
that nineteen of twenty requests are slower, where the twentieth is slow by nature."""

TRIALS = 129
"""Trial values of the other arm's quantile."""


def quantile(buckets: Buckets, level: float) -> float:
    """A quantile by linear interpolation in its bucket, as Prometheus' ``histogram_quantile``.

    In the last, infinite bucket it is the last finite edge.
    """
    finite = [0.0, *buckets.edges[:-1]]
    below = np.concatenate([[0.0], np.cumsum(buckets.counts)])
    rank = level * below[-1]
    bucket = int(np.searchsorted(below[1:], rank))
    if bucket >= len(finite) - 1:
        return finite[-1]
    inside = (rank - below[bucket]) / (below[bucket + 1] - below[bucket])
    return float(finite[bucket] + inside * (finite[bucket + 1] - finite[bucket]))


def count_above(buckets: Buckets, values: Array) -> Array:
    """How many values lie above each of some, interpolated; none above the last finite edge."""
    edges = [0.0, *buckets.edges[:-1]]
    counts = np.asarray(buckets.counts)
    above = np.concatenate([[counts.sum()], counts.sum() - np.cumsum(counts[:-1])])
    return np.asarray(np.interp(values, edges, above, right=0.0))


def slow_share(candidate: Buckets, other: Buckets, ratio: float, tail: float) -> float:
    """Share of the candidate's requests over ``ratio`` times the other arm's quantile 1 - ``tail``.

    Where a twentieth of all requests is slow by nature, p95 is one of them or one of the others
    by chance, hundreds of times apart; this share moves by what chance moves.
    """
    slow = count_above(candidate, np.array([ratio * quantile(other, 1 - tail)]))
    return float(slow[0]) / candidate.total


def slowness_evidence(candidate: Buckets, other: Buckets, ratio: float, tail: float) -> float:
    """Evidence that more of the candidate's requests are slow than may be.

    If the other arm's quantile is q, a share ``tail`` of its requests is above q, and at most
    ``ratio`` times that of the candidate's may be above ``ratio`` q. The product of both arms'
    martingales at these counts is one for the true q; the least over all q counts. It lies between
    both arms' own estimates of q.

    Source: quantiles by counting, as in Howard and Ramdas, Bernoulli 28, 1704 (2022), section 3.
    """
    allowed = min(ratio * tail, 1.0)
    if other.counts[-1] > tail * other.total:
        return 0.0  # its quantile is beyond all edges
    if slow_share(candidate, other, ratio, tail) <= allowed:
        return 0.0  # the other arm's own estimate of q explains both
    lower, upper = quantile(other, 1 - tail), quantile(candidate, 1 - allowed) / ratio
    trial = np.linspace(lower, max(lower, upper), TRIALS)
    # Just above it the candidate may lie beyond all edges, where nothing is known of it.
    trial = np.append(trial, np.nextafter(max(lower, upper), np.inf))
    slow = count_above(candidate, ratio * trial)
    own = log_martingale(slow, candidate.total, np.minimum(slow / candidate.total, allowed))
    return float(np.min(own + log_martingale(count_above(other, trial), other.total, tail)))
