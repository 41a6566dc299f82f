"""What a judge decided about a candidate, and on what values."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "open", "missing"]
"""``open`` was measured, but decides nothing yet; ``missing`` was not measured."""

RuledMove = Literal["advance", "hold", "promote", "roll_back", "inconclusive", "mirror", "approve"]
"""``inconclusive`` ends the judge's part: the candidate gets no traffic, and a person decides."""


@dataclass(frozen=True)
class Check:
    """One measured value beside its limit."""

    name: str
    measured: float | None  # the value; None if it was not measured or is no finite number
    limit: float  # the limit that it is held against
    unit: str  # of both; ``1`` for a pure number
    outcome: Outcome  # what follows from it
    words: str  # the same for people, in one sentence without a full stop


@dataclass(frozen=True)
class Ruling:
    """What to do with a candidate, and why."""

    move: RuledMove  # what to do
    reason: str  # why, in one sentence
    checks: tuple[Check, ...] = ()  # every check with what it measured, whatever was decided
    # whether the judgement found nothing to go on; so many of them in a row end the release
    setback: bool = False
    share_percent: int = 0  # the share to advance to; 0 for the next one of the policy
