"""The judge of a canary release: a pure function of what two arms met and answered.

Looking often costs nothing: every test of chance either is a martingale
(:mod:`matops.core.release.evidence`), valid at all looks together, or pays for each look, and the
policy's chance of a false alarm is shared among the tests of all stages.
``python -m benchmarks.canary_judge`` simulates releases look by look.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from matops.core.errors import BadInput
from matops.core.release.canary_checks import (
    ERRORS,
    OUTSIDE,
    REFUSED,
    SLOWER,
    check_traffic,
    is_count,
)
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.paired_checks import SHIFT, check_pairs, check_predictions
from matops.core.release.rollout import Rollout
from matops.core.release.ruling import Check, Ruling
from matops.core.release.traffic import ArmTraffic, PairedAnswers

NEEDS_PERSON = "a person must approve"
"""How the reason of a ruling ends that waits for somebody."""
Window = tuple[datetime, datetime]


def windows(rollout: Rollout, now: datetime, policy: CanaryPolicy) -> tuple[Window, Window]:
    """From when to when the candidate's traffic and its reference's are measured for a look.

    Both arms are measured since the stage began, or for as long as a release may take: to wait for
    a person's approval costs no look more than that. Where the candidate has all the traffic, the
    champion is measured in the stages before.

    Raises:
        BadInput: no release is under way.
    """
    release_began, stage_began = _began(rollout)
    here = (max(stage_began, now - timedelta(seconds=policy.most_release_s)), now)
    alone = rollout.shares_percent[rollout.reference.name] == 0
    return here, (release_began, stage_began) if alone else here


def judge_canary(
    rollout: Rollout,
    candidate: ArmTraffic,
    reference: ArmTraffic,
    paired: PairedAnswers | None,
    now: datetime,
    policy: CanaryPolicy,
) -> Ruling:
    """What to do with a candidate, from what both arms met in their :func:`windows`.

    One failed check rolls it back. It advances, or is promoted from the last stage, only where
    every check passed; until then it is held. Where its share can't fill a stage, requests are
    mirrored. A deadline, or too many judgements in a row without measurements, ends the waiting as
    inconclusive: nothing is proven against the candidate, and a person decides.

    Raises:
        BadInput: no release is under way.
    """
    release_began, stage_began = _began(rollout)
    checks = (
        *check_traffic(candidate, reference, policy),
        *check_predictions(candidate, reference, paired, policy),
        *check_pairs(paired, policy),
    )
    if rollout.shares_percent[rollout.reference.name] == 0:
        checks = tuple(map(_at_another_time, checks))
    stage_s = (now - stage_began).total_seconds()
    if failed := _with("failed", checks):
        return Ruling("roll_back", failed[0].words, checks)
    waiting = _with("missing", checks) or _with("open", checks)
    if not waiting:
        return _go_on(rollout, stage_s, candidate.requests or 0.0, checks, policy)
    setback = waiting[0].outcome == "missing" and stage_s > policy.settling_s
    release_s = (now - release_began).total_seconds()
    if over := _time_over(stage_s, release_s, rollout.setbacks + setback, policy):
        reason = f"{over}, a person decides: {waiting[0].words}"
        return Ruling("inconclusive", reason, checks, setback)
    if few := _too_few(rollout, stage_s, candidate.requests, policy):
        return Ruling("mirror", few, checks)
    return Ruling("hold", waiting[0].words, checks, setback)


def _at_another_time(check: Check) -> Check:
    """A comparison with what was met before: other clients may have come since, so it holds only.

    The cap on failures, and pairs, compare with nothing that is past.
    """
    is_past = check.name in (ERRORS, REFUSED, OUTSIDE) or check.name.startswith((SLOWER, SHIFT))
    if check.outcome != "failed" or not is_past:
        return check
    return replace(check, outcome="open", words=f"{check.words}, if the load did not change")


def _too_few(rollout: Rollout, stage_s: float, requests: float | None, policy: CanaryPolicy) -> str:
    """Why requests are to be mirrored; empty where they need not be, or were already."""
    if not policy.mirror or rollout.was_mirrored or not is_count(requests):
        return ""
    if stage_s < policy.least_stage_s or requests >= policy.least_requests:
        return ""
    if requests / stage_s * policy.most_stage_s >= policy.least_requests:
        return ""
    return (
        f"{requests:,.0f} requests in {stage_s:.0f} s at {rollout.share_percent} % don't fill a "
        f"stage of {policy.least_requests:,} in {policy.most_stage_s:.0f} s: they are mirrored"
    )


def _began(rollout: Rollout) -> tuple[datetime, datetime]:
    if rollout.candidate is None:
        raise BadInput("no release is under way")
    release, stage = map(datetime.fromisoformat, (rollout.release_began, rollout.stage_began))
    return release, stage


def _with(outcome: str, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.outcome == outcome)


def _go_on(
    rollout: Rollout,
    stage_s: float,
    requests: float,
    checks: tuple[Check, ...],
    policy: CanaryPolicy,
) -> Ruling:
    """The ruling on a candidate that passed every check."""
    where = "of mirrored requests" if rollout.is_mirrored else f"at {rollout.share_percent} %"
    if stage_s < policy.least_stage_s:
        reason = f"every check passed, {stage_s:.0f} of {policy.least_stage_s:.0f} s into the stage"
        return Ruling("hold", reason, checks)
    if rollout.share_percent in policy.approve_at and not _is_approved(rollout):
        if stage_s >= policy.approve_within_s:
            return Ruling(
                "inconclusive", f"nobody approved in {stage_s:.0f} s, a person decides", checks
            )
        return Ruling("hold", f"every check passed {where}, {NEEDS_PERSON}", checks)
    if rollout.share_percent >= policy.shares_percent[-1]:
        return Ruling("promote", f"every check passed {where}", checks)
    share = 0
    if rollout.is_mirrored:  # as many as all clients make
        share = policy.share_that_fills(requests / stage_s)
    return Ruling("advance", f"every check passed {where}", checks, share_percent=share)


def _is_approved(rollout: Rollout) -> bool:
    return rollout.approved_percent >= rollout.share_percent


def _time_over(stage_s: float, release_s: float, setbacks: int, policy: CanaryPolicy) -> str:
    """Why there is no more waiting; empty while there is."""
    if setbacks >= policy.most_setbacks:
        return f"{setbacks} judgements in a row without measurements"
    if stage_s >= policy.most_stage_s:
        return f"undecided {stage_s:.0f} s after the stage began"
    if release_s >= policy.most_release_s:
        return f"undecided {release_s:.0f} s after the release began"
    return ""
