"""What a search has found: its trials, and what the best of them is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from matops.core.quality.gate import Measurement

DEFAULT, BEST = "preset", "best"
UNIT = "1"
"""Errors are in standard deviations of the targets, a mean over the targets."""

Became = Literal["finished", "stopped", "refused", "under way", "waiting"]


@dataclass(frozen=True)
class TrialRecord:
    """One trial."""

    number: int
    became: Became
    values: Mapping[str, Any]  # by field of the configuration
    error: float | None  # mean over the inner folds; None where it did not finish
    # by quarters of the first fold's training: the error by then
    compared: Mapping[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    refused: str = ""  # why its values don't go together


@dataclass(frozen=True)
class Gain:
    """What a search brought, on the same rows, of which no trial has seen one."""

    default: Measurement  # error of the preset, in standard deviations of the targets
    best: Measurement  # that of the best configuration
    difference: Measurement  # best minus preset, sample by sample; negative is better
    # by configuration, then by target: mean absolute error in the target's unit
    mae: Mapping[str, Mapping[str, Measurement]]

    @property
    def is_shown(self) -> bool:
        """Whether the interval of the difference holds nothing but gains."""
        return self.difference.high is not None and self.difference.high < 0


def best_of(trials: Sequence[TrialRecord]) -> TrialRecord | None:
    """The finished trial with the least error, the earliest of equals; None where none is done."""
    finished = [trial for trial in trials if trial.error is not None]
    return min(finished, key=lambda t: (t.error or 0.0, t.number)) if finished else None
