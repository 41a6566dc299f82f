"""When to retrain: a pure function of numbers, each shown beside its limit."""

import math
from dataclasses import dataclass, replace
from typing import Literal

FIRST_MODEL = "no model is released yet"
Outcome = Literal["", "accepted", "rejected"]


@dataclass(frozen=True)
class RetrainingConfig:
    """From which measured values on a retraining pays.

    New rows must reach both of their limits; age, drift and strangeness are enough alone, as long
    as there is any new row. Rows are new that the data of the champion lack, or those of the last
    judged attempt. Attempts in a row that bring no accepted model wait ever longer for the next.
    """

    # rows that those data lack: some hundred test rows show a difference in error of a few
    # percent, and about a tenth of the rows are test rows
    new_rows: int = 1000
    # the same, relative to the champion's rows: errors fall as a power of the rows with exponents
    # of 0.07 to 0.35, so that a tenth more is worth 0.7 to 3 %, about what the comparison with the
    # champion can tell (Hestness et al. 2017, arXiv:1712.00409)
    new_share: float = 0.1
    # age of the champion: new rows that are too few to matter by number may still hold corrections
    age_days: float = 180.0
    # population stability index of served against training inputs; above 0.25 it is called a major
    # shift (Siddiqi 2006, Credit Risk Scorecards, chapter 9)
    drift: float = 0.25
    # share of served samples out of the domain, which holds 99 % of the training rows
    outside_share: float = 0.1
    # served samples below which drift and strangeness say nothing: with 200, a share of 0.1 is
    # known to about 0.04 (95 %, binomial)
    least_requests: int = 200
    cooldown_hours: float = 24.0  # between attempts: a stream of data costs one training a day
    # the longest wait: each attempt in a row that was rejected or never judged, from the second on,
    # doubles it from the cooldown, so that a training in vain costs one a month in the end
    longest_cooldown_hours: float = 720.0
    # attempts in a row without an accepted model from which on somebody should look: the gates, the
    # data or the cluster stand against every one of them
    alarm_in_vain: int = 3

    def wait_hours(self, in_vain: int) -> float:
        """Hours from the last attempt to the next, where so many in a row brought no model."""
        # 2^64 cooldowns are longer than any limit, and more would overflow
        grown = self.cooldown_hours * 2.0 ** min(max(in_vain - 1, 0), 64)
        return max(self.cooldown_hours, min(grown, self.longest_cooldown_hours))


@dataclass(frozen=True)
class ServingStatistics:
    """What a released model met since it was released."""

    model: str  # version of the model
    requests: int  # samples that it was asked about
    outside: int  # how many of them were out of its domain
    drift: float  # population stability index of their descriptors against the training rows'


@dataclass(frozen=True)
class Attempt:
    """An attempt to retrain."""

    data: str  # dataset version that it used
    began: str  # ISO time, UTC
    outcome: Outcome = ""  # its verdict; empty until there is one
    earlier_in_vain: int = 0  # attempts in a row before it that brought no accepted model

    @property
    def in_vain(self) -> int:
        """Attempts in a row, this one included, that brought no accepted model."""
        return 0 if self.outcome == "accepted" else self.earlier_in_vain + 1


@dataclass(frozen=True)
class Situation:
    """The numbers on which the decision rests; None where nothing was measured."""

    data: str  # dataset version that a retraining would use
    rows: int  # rows of it
    champion: str = ""  # version of the released model; empty for none
    champion_data: str = ""  # dataset version that trained it; empty for none
    champion_rows: int | None = None  # rows of that
    # rows that the data of the last judged attempt lack, or else the champion's
    new_rows: int | None = None
    age_days: float | None = None  # days since the champion was made
    serving: ServingStatistics | None = None  # what the champion met
    serving_missing: str = ""  # why that is not known, where there is a reason
    attempted_data: str = ""  # dataset version of the last attempt to retrain; empty for none
    attempt_outcome: Outcome = ""  # its verdict; empty if it never came to one
    hours_since_attempt: float | None = None  # hours since that attempt began
    releasing: str = ""  # version whose release is under way; empty for none
    in_vain: int = 0  # attempts in a row up to that one that brought no accepted model


@dataclass(frozen=True)
class Criterion:
    """One measured value beside its limit."""

    name: str
    measured: float | None  # the value; None if it was not measured
    limit: float  # from which on it counts
    unit: str  # of both; ``1`` for a pure number
    met: bool  # whether the limit is reached
    reason: str  # the same in words


@dataclass(frozen=True)
class RetrainingDecision:
    """Whether to retrain, and why."""

    retrain: bool  # whether it pays
    reason: str  # one sentence
    criteria: tuple[Criterion, ...]  # every criterion, met or not
    in_vain: int = 0  # attempts in a row up to now that brought no accepted model
    alarm: str = ""  # that these are too many, for somebody to look at; empty while they are not


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"


def _criterion(
    name: str, measured: float | None, limit: float, unit: str, missing: str
) -> Criterion:
    """A criterion that is met from its limit on; what is missing or not finite never is."""
    if measured is None or not math.isfinite(measured):
        why = missing if measured is None else "not a finite number"
        return Criterion(name, None, limit, unit, False, f"{name} not measured: {why}")
    spelled = "" if unit == "1" else f" {unit}"
    met = measured >= limit
    ending = "reached" if met else "needed"
    reason = f"{name}: {_number(measured)} of {_number(limit)}{spelled} {ending}"
    return Criterion(name, measured, limit, unit, met, reason)


def _new_data(situation: Situation, config: RetrainingConfig) -> tuple[Criterion, Criterion]:
    before, new = situation.champion_rows, situation.new_rows
    share = new / before if new is not None and before else None
    missing = (
        "no model is released" if not situation.champion else "the champion's data can't be had"
    )
    return (
        _criterion("new rows", new, config.new_rows, "rows", missing),
        _criterion("new rows over the champion's rows", share, config.new_share, "1", missing),
    )


def _served(situation: Situation, config: RetrainingConfig) -> tuple[Criterion, Criterion]:
    serving = situation.serving
    drift = outside = None
    missing = situation.serving_missing or "no statistics of served samples"
    if serving and serving.model != situation.champion:
        missing = f"the statistics of served samples are of {serving.model}"
    elif serving and serving.requests < max(1, config.least_requests):
        missing = f"{serving.requests:,} served samples of {config.least_requests:,} needed"
    elif serving:
        drift, outside = serving.drift, serving.outside / serving.requests
    return (
        _criterion("drift of served samples", drift, config.drift, "1", missing),
        _criterion("share out of domain", outside, config.outside_share, "1", missing),
    )


def _hindrance(situation: Situation, config: RetrainingConfig) -> str:
    """What stands against a retraining whatever the criteria say; empty for nothing."""
    if situation.rows == 0:
        return "there are no data"
    if situation.releasing:
        return f"the release of {situation.releasing} is under way"
    if situation.champion and situation.data == situation.champion_data:
        return f"the champion {situation.champion} was trained on these very data"
    if situation.attempt_outcome and situation.data == situation.attempted_data:
        return f"these very data were tried already, and the model was {situation.attempt_outcome}"
    if situation.champion and situation.new_rows == 0:
        return "no row is new since the champion or the last attempt; removed ones are no news"
    hours, wait_hours = situation.hours_since_attempt, config.wait_hours(situation.in_vain)
    if hours is not None and hours < wait_hours:
        in_vain = f" after {situation.in_vain} in vain" if situation.in_vain > 1 else ""
        return (
            f"the last attempt began {hours:.1f} hours ago, "
            f"of {wait_hours:g} hours between two attempts{in_vain}"
        )
    return ""


def decide_retraining(situation: Situation, config: RetrainingConfig) -> RetrainingDecision:
    """Whether a retraining pays, and whether too many were in vain.

    It does where nothing hinders it and there is no model yet, or the new rows reach both of
    their limits, or the champion's age, the drift or the share out of domain reaches its own.
    """
    decision = _weigh(situation, config)
    return replace(decision, in_vain=situation.in_vain, alarm=_alarm(situation, config))


def _alarm(situation: Situation, config: RetrainingConfig) -> str:
    if situation.in_vain < max(1, config.alarm_in_vain):
        return ""
    last = situation.attempt_outcome or "never judged"
    return (
        f"{situation.in_vain} trainings in a row brought no accepted model, the last one, on data "
        f"{situation.attempted_data}, was {last}: see its report, or why its run failed"
    )


def _weigh(situation: Situation, config: RetrainingConfig) -> RetrainingDecision:
    missing = "no model is released"
    age = _criterion("age of the champion", situation.age_days, config.age_days, "days", missing)
    rows, share = _new_data(situation, config)
    served = _served(situation, config)
    criteria = (rows, share, age, *served)
    if hindrance := _hindrance(situation, config):
        return RetrainingDecision(False, f"nothing to do: {hindrance}", criteria)
    if not situation.champion:
        return RetrainingDecision(True, f"retrain: {FIRST_MODEL}", criteria)
    if rows.met and share.met:
        return RetrainingDecision(True, f"retrain: {rows.reason}; {share.reason}", criteria)
    alone = [criterion.reason for criterion in (age, *served) if criterion.met]
    if alone:
        return RetrainingDecision(True, f"retrain: {'; '.join(alone)}", criteria)
    short = next(criterion for criterion in (rows, share) if not criterion.met)
    return RetrainingDecision(False, f"nothing to do: {short.reason}", criteria)
