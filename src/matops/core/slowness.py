"""How slow an arm is beside another one, from histograms of latency."""

import numpy as np

from matops.core.evidence import Array, log_martingale
from matops.core.traffic import Buckets

TAIL = 0.05
"""Share of the requests that is slower than p95."""

POINTS_PER_BUCKET = 16
"""Trial values of the other arm's p95 in each bucket."""


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
    return np.interp(values, edges, above, right=0.0)


def slowness_evidence(candidate: Buckets, other: Buckets, ratio: float) -> float:
    """Evidence that the candidate's p95 is more than ``ratio`` times the other arm's.

    If the other arm's p95 is q, a twentieth of its requests is above q, and if the hypothesis
    holds, at most a twentieth of the candidate's is above ``ratio`` q. The product of both arms'
    martingales at these counts is one for the true q; the least over all q counts.

    Source: quantiles by counting, as in Howard and Ramdas, Bernoulli 28, 1704 (2022), section 3.
    """
    edges = np.array([0.0, *other.edges[:-1]])
    steps = np.linspace(0.0, 1.0, POINTS_PER_BUCKET, endpoint=False)
    trial = np.append((edges[:-1, None] + np.diff(edges)[:, None] * steps).ravel(), edges[-1])
    least = _evidence(count_above(candidate, ratio * trial), candidate.total, one_sided=True)
    together = least + _evidence(count_above(other, trial), other.total, one_sided=False)
    # A q beyond all edges: nothing is known of the candidate there, and little of the other.
    beyond = _evidence(np.zeros(1), candidate.total, one_sided=True)
    slowest = np.array([min(other.counts[-1], TAIL * other.total)])
    beyond = beyond + _evidence(slowest, other.total, one_sided=False)
    return float(min(together.min(), beyond.min()))


def _evidence(above: Array, total: float, *, one_sided: bool) -> Array:
    """Evidence against a share of 5 % above, or against one of 5 % at most."""
    rate = np.minimum(above / total, TAIL) if one_sided else np.full_like(above, TAIL)
    return log_martingale(above, total, rate)
