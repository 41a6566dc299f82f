"""The result of a search, for programs: its trials, its best, and what that is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matops.artifacts.exploring.tuning import TuningPlan
from matops.artifacts.jsonfile import read_json, write_json
from matops.artifacts.preset_file import PresetFile
from matops.core.exploring.tuning import Gain, TrialRecord, best_of

if TYPE_CHECKING:
    import pandas as pd

RESULT, TRIALS, PRESET = "result.json", "trials.csv", "best.json"


@dataclass(frozen=True)
class TuningResult:
    """What a search has come to."""

    plan: TuningPlan
    trials: Sequence[TrialRecord]
    default: Mapping[str, Any]  # the preset's own values of the fields
    inner_default: float | None  # error of the preset in the search; None where it was no trial
    gain: Gain | None  # on the outer rows; None where nothing better than the preset was found
    looks: int  # bests for which the outer rows were asked: each further one makes them less outer
    inner_rows: int  # samples that the search has seen
    importance: Mapping[str, float] = field(default_factory=dict)  # by field; they add up to one
    # of a grid: by reason, combinations that build no network
    grid_refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def best(self) -> TrialRecord | None:
        """The finished trial with the least error."""
        return best_of(self.trials)

    @property
    def inner_gain(self) -> float | None:
        """Best minus preset in the search: the least of many, so it promises too much."""
        if self.best is None or self.best.error is None or self.inner_default is None:
            return None
        return self.best.error - self.inner_default


def trial_table(trials: Sequence[TrialRecord]) -> "pd.DataFrame":
    """A row a trial."""
    # Half a second, and whoever reads a preset file needs none.
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "trial": trial.number,
                "became": trial.became,
                "error": trial.error,
                **{path: str(value) for path, value in trial.values.items()},
                "seconds": trial.seconds,
                "refused": trial.refused,
            }
            for trial in trials
        ]
    )


def kept_result(directory: Path) -> TuningResult | None:
    """What the search had come to before; None where it had not."""
    path = directory / RESULT
    return read_json(path, TuningResult) if path.is_file() else None


def write_tuning(directory: Path, result: TuningResult) -> Path | None:
    """Write trials, result and, where a trial has finished, the best one as a preset file."""
    trial_table(result.trials).to_csv(directory / TRIALS, index=False)
    write_json(directory / RESULT, result)
    if result.best is None:
        return None
    plan, best = result.plan, result.best
    changes = {**plan.space.changes, **plan.changes, **best.values}
    note = f"trial {best.number} of the search {plan.name}, error {best.error:.4f}"
    write_json(directory / PRESET, PresetFile(plan.family, plan.preset, changes, note))
    return directory / PRESET
