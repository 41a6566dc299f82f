"""What a candidate's answers say of it, beside another arm's and to the same requests."""

import math
from dataclasses import replace

from matops.core.release.canary_checks import is_count, is_histogram, missing, settled
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.evidence import single_look_evidence, threshold
from matops.core.release.prediction_shift import distance, distance_by_chance
from matops.core.release.ruling import Check, Outcome
from matops.core.release.traffic import ArmTraffic, PairedAnswers

GOLDEN = "golden requests answered otherwise than recorded"
NOT_FINITE = "answers that are no finite numbers"
SHIFT = "shift of"
UNANSWERED = "paired requests that only the candidate left unanswered"


def check_pairs(paired: PairedAnswers | None, policy: CanaryPolicy) -> tuple[Check, ...]:
    """Every check of the answers to the same requests.

    A golden mismatch or a number that is not finite is no matter of chance: one condemns.
    """
    if paired is None:
        return tuple(missing(n, 0, "nobody asked") for n in (GOLDEN, NOT_FINITE, UNANSWERED))
    return (
        _never(GOLDEN, paired.golden_mismatches),
        _never(NOT_FINITE, paired.not_finite),
        _unanswered(paired, policy),
    )


def check_predictions(
    candidate: ArmTraffic, reference: ArmTraffic, paired: PairedAnswers | None, policy: CanaryPolicy
) -> tuple[Check, ...]:
    """Three checks a target: whether predictions moved, and two of pairs that can condemn a shift.

    Predictions that moved say only that the models differ, and the better one may be the new one.
    So a shift waits for pairs, and condemns together with pairs that disagree, or that agree only
    because the candidate's intervals are wide enough to agree with anything.
    """
    targets, ratio = sorted({*candidate.predictions, *reference.predictions}), policy.interval_ratio
    if not targets:
        name = f"{SHIFT} predictions"
        if _idle(candidate) or _idle(reference):
            return (_nothing_yet(name, policy.shift),)
        return (missing(name, policy.shift, "no histogram of either arm"),)
    checks: list[Check] = []
    for target in targets:
        shift = _shift(target, candidate, reference, policy, len(targets))
        far = paired.outside_interval.get(target) if paired else None
        wide = paired.far_wider.get(target) if paired else None
        wider = f"pairs with an interval over {ratio:g} times as wide for {target}"
        agreement, width = (
            _share_of_pairs(name, share, paired, policy, len(targets))
            for name, share in ((f"pairs that disagree on {target}", far), (wider, wide))
        )
        checks += _weigh(shift, agreement, width)
    return tuple(checks)


def _idle(arm: ArmTraffic) -> bool:
    """Whether an arm has measurably answered nothing: a histogram begins with its first value."""
    return arm.answered == 0


def _nothing_yet(name: str, limit: float) -> Check:
    return Check(name, 0.0, limit, "1", "open", f"{name}: no predictions yet")


def _never(name: str, count: int) -> Check:
    if not is_count(count):
        return missing(name, 0, "no finite number", "answers")
    outcome: Outcome = "failed" if count else "passed"
    return Check(name, count, 0, "answers", outcome, f"{name}: {count}, none allowed")


def _unanswered(paired: PairedAnswers, policy: CanaryPolicy) -> Check:
    """Whether the candidate leaves unanswered what the champion answers, beyond a tolerance."""
    alone = paired.candidate_failed - paired.both_failed
    counts = (paired.asked, paired.champion_failed, paired.both_failed, alone, paired.answered)
    limit = policy.error_tolerance
    if not all(map(is_count, counts)):
        return missing(UNANSWERED, limit, "counts that don't fit together")
    if not paired.asked:
        return Check(UNANSWERED, 0.0, limit, "1", "open", f"{UNANSWERED}: nothing asked yet")
    return settled(
        UNANSWERED,
        alone / paired.asked,
        limit,
        enough=paired.asked >= policy.least_pairs,
        proven=single_look_evidence(alone, paired.asked, limit)
        >= threshold(policy.level_of_a_look),
        words=f"{alone} of {paired.asked}, {limit:.1%} allowed",
    )


def _weigh(shift: Check, agreement: Check, width: Check) -> tuple[Check, Check, Check]:
    """The checks of one target in the light of each other; a shift comes in as failed."""
    if shift.outcome != "failed":
        return shift, _alone(agreement), _alone(width)
    if agreement.outcome == "failed":
        shift = replace(shift, words=f"{shift.words}, and pairs disagree")
    elif width.outcome == "failed":
        shift = replace(shift, words=f"{shift.words}, and intervals are too wide to disagree")
    elif agreement.outcome == width.outcome == "passed":
        shift = replace(shift, outcome="passed", words=f"{shift.words}, but pairs agree")
    else:
        shift = replace(shift, outcome="open", words=f"{shift.words}; pairs must tell")
    return shift, agreement, width


def _alone(pairs: Check) -> Check:
    """What pairs say where predictions have not moved: it holds, and does not condemn."""
    if pairs.outcome != "failed":
        return pairs
    return replace(pairs, outcome="open", words=f"{pairs.words}, though predictions have not moved")


def _shift(
    target: str, candidate: ArmTraffic, reference: ArmTraffic, policy: CanaryPolicy, targets: int
) -> Check:
    """Whether predictions of a target moved by more than the limit and chance."""
    name, limit = f"{SHIFT} {target}", policy.shift
    own, other = candidate.predictions.get(target), reference.predictions.get(target)
    if (own is None and _idle(candidate)) or (other is None and _idle(reference)):
        return _nothing_yet(name, limit)
    if not is_histogram(own) or not is_histogram(other):
        arm = "other arm" if is_histogram(own) else "candidate"
        return missing(name, limit, f"no histogram of the {arm}")
    if own.edges != other.edges:
        return missing(name, limit, "the arms' histograms have different edges")
    requests = own.total, other.total
    if not min(requests):
        return _nothing_yet(name, limit)
    moved = distance(own, other)
    limit += distance_by_chance(*requests, policy.level_of_a_look / targets)
    words = f"{name}: distributions {moved:.3g} apart, {limit:.3g} allowed"
    if min(requests) < policy.least_requests:
        return Check(name, moved, limit, "1", "open", f"{words}, on too few requests")
    outcome: Outcome = "failed" if moved > limit else "passed"
    return Check(name, moved, limit, "1", outcome, words)


def _share_of_pairs(
    name: str,
    share: float | None,
    paired: PairedAnswers | None,
    policy: CanaryPolicy,
    targets: int,
) -> Check:
    """Whether a share of the pairs is proven to exceed the one that is allowed."""
    limit = policy.disagreement
    if paired is None or share is None or not math.isfinite(share) or not 0 <= share <= 1:
        return missing(name, limit, "nobody compared")
    pairs = paired.answered
    if pairs <= 0:
        return Check(name, share, limit, "1", "open", f"{name}: no pairs yet")
    # Golden requests are the same at every look; clients' are others, each time a chance to err.
    level = (policy.level_of_a_look if paired.recent else policy.level) / targets
    return settled(
        name,
        share,
        limit,
        enough=pairs >= policy.least_pairs,
        proven=single_look_evidence(share * pairs, pairs, limit) >= threshold(level),
        words=f"{share:.1%} of {pairs}, {limit:.1%} allowed",
    )
