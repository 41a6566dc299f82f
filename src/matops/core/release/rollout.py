"""A rollout: which arms answer which share of the traffic. It is kept beside the deployment."""

from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from typing import Literal

from matops.core.errors import BadInput
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.ruling import RuledMove, Ruling

Move = RuledMove | Literal["start"]


@dataclass(frozen=True)
class Arm:
    """One running copy of a model package."""

    # unique within the deployment for as long as it runs, as in ``m8a727648-2``; the label
    # ``variant`` of its metrics
    name: str
    version: str  # version of the package
    package: str  # where the deployment reads the package: a directory or a URI


@dataclass(frozen=True)
class Rollout:
    """State of a family's deployment."""

    generation: int  # counts changes; a change must follow the one it was decided on
    champion: Arm  # the arm that is trusted; it is never absent
    candidate: Arm | None = None  # the arm that must prove itself; None between releases
    # a second copy of the champion with the candidate's share, so that arms of equal size are
    # compared; None where the champion itself has no larger share
    baseline: Arm | None = None
    share_percent: int = 0  # the candidate's share of the traffic
    _: KW_ONLY
    stage_began: str = ""  # ISO time, UTC, at which this share was set; empty between releases
    release_began: str = ""  # ISO time, UTC, at which the release began; empty between releases
    is_mirrored: bool = False  # whether the candidate gets copies of all requests
    was_mirrored: bool = False  # whether it did so in this release, or does
    approved_percent: int = 0  # the share up to which a person approved
    report: str = ""  # where the report of the candidate is; empty where nobody said
    setbacks: int = 0  # judgements in a row that found no measurements to go on
    move: Move = "promote"  # what was decided last
    reason: str = ""  # why, in one sentence

    @property
    def awaits_person(self) -> bool:
        """Whether the candidate is set aside, without traffic, until a person decides."""
        return self.candidate is not None and self.move == "inconclusive"

    @property
    def shares_percent(self) -> dict[str, int]:
        """Share of the traffic by arm name; they add up to 100."""
        if self.candidate is None:
            return {self.champion.name: 100}
        shares = {self.candidate.name: self.share_percent}
        if self.baseline:
            shares[self.baseline.name] = self.share_percent
        return {self.champion.name: 100 - sum(shares.values()), **shares}

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every arm that runs, the champion first."""
        return tuple(arm for arm in (self.champion, self.candidate, self.baseline) if arm)

    @property
    def reference(self) -> Arm:
        """The arm that the candidate is compared with."""
        return self.baseline or self.champion


def _arm_name(letter: str, version: str, generation: int) -> str:
    """Short and with a letter first: a cluster makes names of hosts of it."""
    return f"{letter}{version[:8]}-{generation}"


def _model(version: str, package: str, generation: int) -> Arm:
    """The arm of a model that is released at a generation."""
    return Arm(_arm_name("m", version, generation), version, package)


def _twin(champion: Arm, generation: int) -> Arm:
    """A second copy of the champion."""
    return replace(champion, name=_arm_name("b", champion.version, generation))


def deploy_first(version: str, package: str) -> Rollout:
    """The state in which the first model of a family answers everything."""
    return Rollout(1, _model(version, package, 1), reason="the first model")


def begin(
    rollout: Rollout,
    version: str,
    package: str,
    now: datetime,
    policy: CanaryPolicy,
    report: str = "",
) -> Rollout:
    """The state in which a candidate has the first share of the traffic.

    Raises:
        BadInput: another release is under way.
    """
    if rollout.candidate and not rollout.awaits_person:
        raise BadInput(f"a release of {rollout.candidate.version} is under way")
    generation, aside = rollout.generation + 1, rollout.candidate
    # What waits for a person waits no longer: it begins anew, or another one takes its place.
    is_same = aside is not None and aside.version == version
    began = replace(
        rollout,
        generation=generation,
        candidate=aside if is_same else _model(version, package, generation),
        baseline=_twin(rollout.champion, generation),
        release_began=now.isoformat(),
        was_mirrored=False,
        approved_percent=0,
        report=report,
        move="start",
        reason=f"release of {version} begins",
    )
    return _at_share(began, policy.shares_percent[0], now, policy)


def candidate_ready(rollout: Rollout, now: datetime) -> Rollout:
    """The state once every arm of a new release answers: only now does its first stage begin."""
    return replace(
        rollout,
        generation=rollout.generation + 1,
        stage_began=now.isoformat(),
        move="hold",
        reason="every arm is ready",
    )


def next_rollout(rollout: Rollout, ruling: Ruling, now: datetime, policy: CanaryPolicy) -> Rollout:
    """The state that follows from a ruling; one that changes nothing leaves it as it is.

    Raises:
        BadInput: no release is under way, or there is no stage to advance to.
    """
    if rollout.candidate is None:
        raise BadInput("no release is under way")
    decided = replace(
        rollout,
        setbacks=rollout.setbacks + 1 if ruling.setback else 0,
        move=ruling.move,
        reason=ruling.reason,
    )
    if ruling.move == "advance":
        larger = [share for share in policy.shares_percent if share > rollout.share_percent]
        if not larger:
            raise BadInput(f"{rollout.share_percent} % is the last stage: promote or roll back")
        decided = _at_share(decided, ruling.share_percent or larger[0], now, policy)
    elif ruling.move == "approve":
        decided = replace(decided, approved_percent=rollout.share_percent)
    elif ruling.move == "mirror":
        mirrored = replace(decided, is_mirrored=True, was_mirrored=True)
        decided = _without_traffic(mirrored, now)
    elif ruling.move == "inconclusive":
        decided = replace(_without_traffic(decided, now), is_mirrored=False)
    elif ruling.move == "promote":
        decided = _end(decided, rollout.candidate)
    elif ruling.move == "roll_back":
        decided = _end(decided, rollout.champion)
    return rollout if decided == rollout else replace(decided, generation=rollout.generation + 1)


def _at_share(rollout: Rollout, share: int, now: datetime, policy: CanaryPolicy) -> Rollout:
    """A share for the candidate; the baseline stays while the champion could have a larger one."""
    baseline = rollout.baseline if policy.baseline and share < 50 else None
    return replace(
        rollout,
        baseline=baseline,
        share_percent=share,
        stage_began=now.isoformat(),
        is_mirrored=False,
        setbacks=0,
    )


def _without_traffic(rollout: Rollout, now: datetime) -> Rollout:
    """The champion answers everything; the candidate runs beside it."""
    return replace(rollout, baseline=None, share_percent=0, stage_began=now.isoformat(), setbacks=0)


def _end(rollout: Rollout, champion: Arm) -> Rollout:
    """The state between releases, with the champion that the last one left."""
    return replace(
        rollout,
        champion=champion,
        candidate=None,
        baseline=None,
        share_percent=0,
        stage_began="",
        release_began="",
        is_mirrored=False,
        was_mirrored=False,
        approved_percent=0,
        report="",
        setbacks=0,
    )
