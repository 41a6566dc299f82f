"""The judge of a canary release: a pure function of what two arms met and answered.

Looking often costs nothing: every test of chance is a martingale
(:mod:`matops.core.release.evidence`), valid at all looks together, and the policy's chance of a
false alarm is shared among the tests of all stages.
``python -m benchmarks.canary_judge --releases 1000`` simulates releases look by look,
at 20 requests a second to all arms: 0.0 % of the healthy candidates were rolled back, and 0.6 %
where both arms fail 1 % of their requests; of those that fail 5 %, are three times slower, or
answer ten times too much, 100.0 % were, after 543, 297 and 241 requests (medians).
"""

from datetime import datetime

from matops.core.errors import BadInput
from matops.core.release.canary_checks import check_traffic
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.paired_checks import check_pairs, check_predictions
from matops.core.release.rollout import Rollout
from matops.core.release.ruling import Check, RuledMove, Ruling
from matops.core.release.traffic import ArmTraffic, PairedAnswers

Window = tuple[datetime, datetime]


def windows(rollout: Rollout, now: datetime) -> tuple[Window, Window]:
    """From when to when the candidate's traffic and its reference's are measured for a look.

    Both arms are measured since the stage began. Where the candidate has all the traffic, the
    champion is measured in the stages before.

    Raises:
        BadInput: no release is under way.
    """
    release_began, stage_began = _began(rollout)
    here = (stage_began, now)
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
    every check passed. Until then it waits: ``inconclusive`` for lack of traffic or measurements,
    ``hold`` where there is enough of both. A deadline, or too many judgements in a row without
    measurements, ends the waiting.

    Raises:
        BadInput: no release is under way.
    """
    release_began, stage_began = _began(rollout)
    checks = (
        *check_traffic(candidate, reference, policy),
        *check_predictions(candidate, reference, paired, policy),
        *check_pairs(paired, policy),
    )
    stage_s = (now - stage_began).total_seconds()
    if failed := _with("failed", checks):
        return Ruling("roll_back", failed[0].words, checks)
    waiting = _with("missing", checks) or _with("open", checks)
    if not waiting:
        return _go_on(rollout, stage_s, checks, policy)
    setback = waiting[0].outcome == "missing" and stage_s > policy.settling_s
    release_s = (now - release_began).total_seconds()
    if over := _time_over(stage_s, release_s, rollout.setbacks + setback, policy):
        return Ruling("roll_back", f"{over}: {waiting[0].words}", checks, setback)
    few = any(check.outcome != "passed" for check in checks if check.unit == "requests")
    move: RuledMove = "inconclusive" if few or waiting[0].outcome == "missing" else "hold"
    return Ruling(move, waiting[0].words, checks, setback)


def _began(rollout: Rollout) -> tuple[datetime, datetime]:
    if rollout.candidate is None:
        raise BadInput("no release is under way")
    release, stage = map(datetime.fromisoformat, (rollout.release_began, rollout.stage_began))
    return release, stage


def _with(outcome: str, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.outcome == outcome)


def _go_on(
    rollout: Rollout, stage_s: float, checks: tuple[Check, ...], policy: CanaryPolicy
) -> Ruling:
    """The ruling on a candidate that passed every check."""
    if stage_s < policy.least_stage_s:
        reason = f"every check passed, {stage_s:.0f} of {policy.least_stage_s:.0f} s into the stage"
        return Ruling("hold", reason, checks)
    move: RuledMove = "promote" if rollout.share_percent >= policy.shares_percent[-1] else "advance"
    return Ruling(move, f"every check passed at {rollout.share_percent} %", checks)


def _time_over(stage_s: float, release_s: float, setbacks: int, policy: CanaryPolicy) -> str:
    """Why there is no more waiting; empty while there is."""
    if setbacks >= policy.most_setbacks:
        return f"{setbacks} judgements in a row without measurements"
    if stage_s >= policy.most_stage_s:
        return f"undecided {stage_s:.0f} s after the stage began"
    if release_s >= policy.most_release_s:
        return f"undecided {release_s:.0f} s after the release began"
    return ""
