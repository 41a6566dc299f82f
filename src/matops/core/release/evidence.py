"""Evidence about rates that may be looked at as often as one likes.

For k failures in n requests and a rate p, the mixture of likelihoods over Jeffreys' prior

    M(p) = B(k + 1/2, n - k + 1/2) / (B(1/2, 1/2) p^k (1 - p)^(n - k))

is a martingale of mean 1 where p is the true rate, so that the chance that it ever exceeds
1/level, at any of any number of looks, is at most ``level``; at small counts too, without any
normal approximation. Its logarithm is called evidence here; where a hypothesis leaves the rate
open, the least evidence over all rates that it allows counts.

Source: Ville 1939; Robbins, Ann. Math. Stat. 41, 1397 (1970); for canary releases Lindon, Sanden
and Shirikian, KDD 2022, arXiv:2205.14762, section 3.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, rel_entr, xlog1py, xlogy

Array = NDArray[np.float64]


def log_martingale(failures: float | Array, requests: float, rate: float | Array) -> Array:
    """Evidence against each rate; all arguments but the number of requests may be arrays."""
    k = np.asarray(failures, dtype=float)
    mixture = betaln(k + 0.5, requests - k + 0.5) - betaln(0.5, 0.5)
    p = np.asarray(rate, dtype=float)
    return np.asarray(mixture - xlogy(k, p) - xlog1py(requests - k, -p))


def rate_evidence(failures: float, requests: float, limit: float) -> float:
    """Evidence that a rate exceeds a limit."""
    return float(log_martingale(failures, requests, min(failures / requests, limit)))


def single_look_evidence(failures: float, requests: float, limit: float) -> float:
    """Evidence that a rate exceeds a limit, for one look at requests that are all known.

    n D(k/n || limit), the Chernoff bound: the chance to see as much is at most its exp(-). Both
    this and the martingale hold for parts of a failure, too, as likelihoods are convex in them.

    Source: Hoeffding, J. Am. Stat. Assoc. 58, 13 (1963), theorem 1.
    """
    rate = failures / requests
    if rate <= limit:
        return 0.0
    return float(requests * (rel_entr(rate, limit) + rel_entr(1 - rate, 1 - limit)))


def difference_evidence(
    failures: float, requests: float, other_failures: float, other_requests: float, tolerance: float
) -> float:
    """Evidence that a rate exceeds another one by more than a tolerance.

    Both martingales' product is one, for arms are independent; the least of it is taken over all
    pairs of rates whose difference is within the tolerance.
    """
    rate, other_rate = failures / requests, other_failures / other_requests

    def together(other: float) -> float:
        own = log_martingale(failures, requests, min(rate, other + tolerance))
        return float(own + log_martingale(other_failures, other_requests, other))

    if rate - tolerance <= other_rate:
        return together(other_rate)
    from scipy.optimize import minimize_scalar  # half of what a look at no release would cost

    # A sum of convex functions, each least at its own end of the interval.
    bounds = (other_rate, rate - tolerance)
    least = minimize_scalar(together, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return float(least.fun)


def threshold(level: float) -> float:
    """Evidence from which on a hypothesis is given up, with a chance of ``level`` to be wrong."""
    return -math.log(level)
