"""What a candidate's traffic says of it, beside another arm's."""

import math
from typing import TypeGuard

from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.evidence import difference_evidence, rate_evidence, threshold
from matops.core.release.ruling import Check, Outcome
from matops.core.release.slowness import TAILS, quantile, slow_share, slowness_evidence
from matops.core.release.traffic import ArmTraffic, Buckets

ERRORS = "failed requests beyond the other arm's"
ERROR_CAP = "failed requests"
REFUSED = "refused requests beyond the other arm's"
SLOWER = "requests slower"
OUTSIDE = "requests out of domain beyond the other arm's"


def check_traffic(
    candidate: ArmTraffic, reference: ArmTraffic, policy: CanaryPolicy
) -> tuple[Check, ...]:
    """Every check that needs no prediction."""
    arms = (candidate, reference)
    failed, other_failed = [_share(arm.errors, arm.requests) for arm in arms]
    refused, other_refused = [
        _share(arm.refused, _together(arm.refused, arm.requests)) for arm in arms
    ]
    outside, other_outside = map(_answered_outside, arms)
    return (
        _enough_requests("requests of the candidate", candidate, policy),
        _enough_requests("requests of the other arm", reference, policy),
        _compare(ERRORS, failed, other_failed, policy.error_tolerance, policy),
        _error_cap(failed, policy),
        _compare(REFUSED, refused, other_refused, policy.refused_tolerance, policy),
        *(_slowness(at, tail, candidate, reference, policy) for at, tail in TAILS.items()),
        _compare(OUTSIDE, outside, other_outside, policy.outside_excess, policy),
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
        and len(buckets.edges) > 1
        and min(buckets.counts) >= 0
        and math.isfinite(buckets.total)
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
    policy: CanaryPolicy,
) -> Check:
    """Whether a share exceeds another arm's by more than a tolerance."""
    if own is None or other is None:
        return missing(name, tolerance, f"no counts of the {'other arm' if own else 'candidate'}")
    if not own[1] or not other[1]:
        return Check(name, 0.0, tolerance, "1", "open", f"{name}: nothing to count yet")
    excess = own[0] / own[1] - other[0] / other[1]
    proven = difference_evidence(*own, *other, tolerance) >= threshold(policy.level)
    words = (
        f"{own[0]:,.0f} of {own[1]:,.0f} against {other[0]:,.0f} of {other[1]:,.0f}, "
        f"{tolerance:.1%} allowed"
    )
    enough = min(own[1], other[1]) >= policy.least_requests
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


def _slowness(
    at: str, tail: float, candidate: ArmTraffic, reference: ArmTraffic, policy: CanaryPolicy
) -> Check:
    """Whether too many requests take longer than a quantile of the other arm's allows."""
    own, other, ratio = candidate.latency_s, reference.latency_s, policy.latency_ratio
    name, limit = f"{SLOWER} than {ratio:g} times the other arm's {at}", ratio * tail
    if not is_histogram(own) or not is_histogram(other):
        arm = "other arm" if is_histogram(own) else "candidate"
        return missing(name, limit, f"no histogram of the {arm}")
    if own.edges != other.edges:
        return missing(name, limit, "the arms' histograms have different edges")
    if not own.total or not other.total:
        return Check(name, 0.0, limit, "1", "open", f"{name}: nothing to time yet")
    proven = slowness_evidence(own, other, ratio, tail) >= threshold(policy.level)
    if not proven and own.counts[-1] > limit * own.total:
        return missing(name, limit, "too many of the candidate's are beyond all edges")
    share = slow_share(own, other, ratio, tail)
    own_ms, other_ms = (1000 * quantile(arm, 1 - tail) for arm in (own, other))
    return settled(
        name,
        share,
        limit,
        enough=min(own.total, other.total) >= policy.least_requests,
        proven=proven,
        words=f"{share:.1%}, {limit:.1%} allowed; {at} {own_ms:.3g} ms against {other_ms:.3g} ms",
    )


def _together(part: float | None, rest: float | None) -> float | None:
    """All requests, refused ones and others."""
    return part + rest if is_count(part) and is_count(rest) else None


def _answered_outside(arm: ArmTraffic) -> tuple[float, float] | None:
    """Requests out of domain among those answered, which a scrape may see a moment later."""
    if not is_count(arm.outside) or not is_count(arm.answered):
        return None
    return min(arm.outside, arm.answered), arm.answered
