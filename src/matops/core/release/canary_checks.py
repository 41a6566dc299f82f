"""What a candidate's traffic says of it, beside another arm's."""

import math
from typing import TypeGuard

from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.evidence import difference_evidence, rate_evidence, threshold
from matops.core.release.ruling import Check, Outcome
from matops.core.release.slowness import TAIL, quantile, slowness_evidence
from matops.core.release.traffic import ArmTraffic, Buckets

ERRORS = "failed requests beyond the other arm's"
ERROR_CAP = "failed requests"
LATENCY = "p95 latency over the other arm's"
OUTSIDE = "samples out of domain beyond the other arm's"


def check_traffic(
    candidate: ArmTraffic, reference: ArmTraffic, policy: CanaryPolicy
) -> tuple[Check, ...]:
    """Every check that needs no prediction."""
    tolerance, excess = policy.error_tolerance, policy.outside_excess
    failed, other_failed = [_share(arm.errors, arm.requests) for arm in (candidate, reference)]
    outside, other_outside = [_share_outside(arm) for arm in (candidate, reference)]
    return (
        _enough_requests("requests of the candidate", candidate, policy),
        _enough_requests("requests of the other arm", reference, policy),
        _compare(ERRORS, failed, other_failed, tolerance, policy.least_requests, policy.level),
        _error_cap(failed, policy),
        _latency(candidate, reference, policy),
        _compare(OUTSIDE, outside, other_outside, excess, policy.least_samples, policy.level),
    )


def missing(name: str, limit: float, why: str, unit: str = "1") -> Check:
    """A check of something that can't be judged, with the reason."""
    return Check(name, None, limit, unit, "missing", f"{name} not measured: {why}")


def is_count(value: float | None) -> TypeGuard[float]:
    """Whether a number of things was measured."""
    return value is not None and math.isfinite(value) and value >= 0


def is_histogram(buckets: Buckets | None) -> TypeGuard[Buckets]:
    """Whether a histogram was measured, with edges that ascend from a finite one to infinity."""
    return (
        buckets is not None
        and all(map(is_count, buckets.counts))
        and len(buckets.edges) > 1
        and list(buckets.edges) == sorted(set(buckets.edges))
        and buckets.edges[-1:] == (math.inf,)
    )


def settled(
    name: str, measured: float, limit: float, *, enough: bool, proven: bool, words: str
) -> Check:
    """A check of a pure number: failed once proven, passed within the limit on enough counts."""
    outcome: Outcome
    if proven:
        outcome, ending = "failed", "more than chance explains"
    elif enough and measured <= limit:
        outcome, ending = "passed", "within the limit"
    else:
        outcome, ending = "open", "not settled yet" if enough else "on too little traffic"
    return Check(name, measured, limit, "1", outcome, f"{name}: {words}, {ending}")


def _enough_requests(name: str, arm: ArmTraffic, policy: CanaryPolicy) -> Check:
    limit = policy.least_requests
    if not is_count(arm.requests):
        return missing(name, limit, "no such series", "requests")
    reached: Outcome = "passed" if arm.requests >= limit else "open"
    words = f"{name}: {arm.requests:,.0f} of {limit:,} needed"
    return Check(name, arm.requests, limit, "requests", reached, words)


def _share(part: float | None, whole: float | None) -> tuple[float, float] | None:
    """Part and whole, if both were measured and fit together."""
    return (part, whole) if is_count(part) and is_count(whole) and part <= whole else None


def _compare(
    name: str,
    own: tuple[float, float] | None,
    other: tuple[float, float] | None,
    tolerance: float,
    least: float,
    level: float,
) -> Check:
    """Whether a share exceeds another arm's by more than a tolerance."""
    if own is None or other is None:
        return missing(name, tolerance, f"no counts of the {'other arm' if own else 'candidate'}")
    if not own[1] or not other[1]:
        return Check(name, 0.0, tolerance, "1", "open", f"{name}: nothing to count yet")
    excess = own[0] / own[1] - other[0] / other[1]
    proven = difference_evidence(*own, *other, tolerance) >= threshold(level)
    words = (
        f"{own[0]:,.0f} of {own[1]:,.0f} against {other[0]:,.0f} of {other[1]:,.0f}, "
        f"{tolerance:.1%} allowed"
    )
    enough = min(own[1], other[1]) >= least
    return settled(name, excess, tolerance, enough=enough, proven=proven, words=words)


def _error_cap(own: tuple[float, float] | None, policy: CanaryPolicy) -> Check:
    cap = policy.error_cap
    if own is None:
        return missing(ERROR_CAP, cap, "no counts of the candidate")
    if not own[1]:
        return Check(ERROR_CAP, 0.0, cap, "1", "open", f"{ERROR_CAP}: nothing to count yet")
    proven = rate_evidence(*own, cap) >= threshold(policy.level)
    words = f"{own[0]:,.0f} of {own[1]:,.0f}, {cap:.1%} allowed"
    enough = own[1] >= policy.least_requests
    return settled(ERROR_CAP, own[0] / own[1], cap, enough=enough, proven=proven, words=words)


def _latency(candidate: ArmTraffic, reference: ArmTraffic, policy: CanaryPolicy) -> Check:
    own, other, limit = candidate.latency_s, reference.latency_s, policy.latency_ratio
    if not is_histogram(own) or not is_histogram(other):
        arm = "other arm" if is_histogram(own) else "candidate"
        return missing(LATENCY, limit, f"no histogram of the {arm}")
    if own.edges != other.edges:
        return missing(LATENCY, limit, "the arms' histograms have different edges")
    if not own.total or not other.total:
        return Check(LATENCY, 0.0, limit, "1", "open", f"{LATENCY}: nothing to time yet")
    own_s, other_s = quantile(own, 1 - TAIL), quantile(other, 1 - TAIL)
    proven = slowness_evidence(own, other, limit) >= threshold(policy.level)
    if not proven and own.counts[-1] > TAIL * own.total:
        return missing(LATENCY, limit, "the candidate's p95 is beyond all edges")
    return settled(
        LATENCY,
        own_s / other_s,
        limit,
        enough=min(own.total, other.total) >= policy.least_requests,
        proven=proven,
        words=f"{1000 * own_s:.3g} ms against {1000 * other_s:.3g} ms, {limit:g} times allowed",
    )


def requests_of(samples: float | None, arm: ArmTraffic) -> float:
    """Independent samples that some samples stand for: no more than the arm's requests.

    The samples of one request are alike: a batch of a thousand strange ones is one strange event.
    """
    if not is_count(samples) or not is_count(arm.requests):
        return 0.0
    return min(samples, arm.requests)


def _share_outside(arm: ArmTraffic) -> tuple[float, float] | None:
    counts = _share(arm.outside, arm.samples)
    if counts is None or not counts[1]:
        return counts
    independent = requests_of(counts[1], arm)
    return counts[0] * independent / counts[1], independent
