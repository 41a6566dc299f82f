"""A search from its first trial to its report; whatever stops it, the same call goes on."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from matops.artifacts.exploring.tuning import CACHE, TRAININGS
from matops.artifacts.exploring.tuning_result import TuningResult, kept_result, write_tuning
from matops.artifacts.pages.tuning_page import write_page
from matops.core.errors import BadInput
from matops.core.exploring.space import Range, SearchSpace
from matops.core.exploring.tuning import Became, TrialRecord, best_of
from matops.core.learning.training import choose_device
from matops.core.progress import Progress
from matops.processes.workers import run_all
from matops.steps.exploring.tuning.grid import grid_points
from matops.steps.exploring.tuning.importance import importance_of
from matops.steps.exploring.tuning.measure import measure_gain
from matops.steps.exploring.tuning.search import open_search
from matops.steps.exploring.tuning.trial import Trial
from matops.steps.exploring.tuning.trials import (
    REFUSED,
    SECONDS,
    TrialWork,
    counted,
    open_study,
    preset_values,
    queue,
    resumable,
    run_trial,
)
from matops.steps.learning.cross_validation import Workplace

BECAME: Mapping[TrialState, Became] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "stopped",
    TrialState.RUNNING: "under way",
    TrialState.WAITING: "waiting",
}


Report = Callable[[str], Progress]
"""Gives the progress of a stage by its name."""


def begin_trials(work: TrialWork, count: int, workers: int, report: Report) -> int:
    """Have features and so many trials ready, and return how many there are."""
    search = open_search(work.family, work.directory)
    search.features(search.base, workers, report("features"))
    study = open_study(search, work.store)
    queue(study, search, count)
    return len(counted(study))


def run_trials(work: TrialWork, workers: int, progress: Progress) -> int:
    """Run the trials that are left, those first that were under way, and count them."""
    search = open_search(work.family, work.directory)
    study = open_study(search, work.store)
    states = [trial.state for trial in counted(study)]
    left: list[int | None] = [*resumable(study, work.worker)]
    left += [None] * states.count(TrialState.WAITING)
    if choose_device(search.base.training.device).type != "cpu":
        workers = 1
    done = len(states) - len(left)
    progress(done, len(states), f"{done} kept from before")
    calls = [(work, number) for number in left]
    for more, words in enumerate(run_all(run_trial, calls, workers), start=1):
        progress(done + more, len(states), words)
    return len(left)


def run_single(work: TrialWork, values: Mapping[str, Any], tell: Callable[[float], None]) -> None:
    """One trial whose values somebody else suggests, as Katib; its errors are told as they come.

    Raises:
        BadInput: a value is not in the space, or they don't go together.
    """
    search = open_search(work.family, work.directory)
    fields = search.plan.space.fields
    if missing := sorted(set(fields) ^ set(values)):
        raise BadInput(f"a trial has a value for each field of the space; look at {missing[0]}")
    for path, of in fields.items():
        if not of.holds(values[path]):
            raise BadInput(f"{path} = {json.dumps(values[path])}: not in the space")
    trial = Trial(search, lambda _, error: tell(error))
    tell(trial.run(search.configuration(values), lambda *_: None))


def conclude_tuning(work: TrialWork, workers: int, report: Report) -> TuningResult:
    """Measure the best beside the preset on the outer rows, and write what was found.

    Raises:
        BadInput: no trial has finished.
    """
    search = open_search(work.family, work.directory)
    study, kept = open_study(search, work.store), kept_result(work.directory)
    trials, default = records_of(study, search.plan.space), preset_values(search)
    best = best_of(trials)
    if best is None:
        reasons = [trial.refused for trial in trials if trial.refused]
        raise BadInput(
            f"no trial has finished{f'; the first says: {reasons[0]}' if reasons else ''}"
        )
    gain, looks = None, kept.looks if kept else 0
    if best.values != default:
        place = Workplace(work.directory / CACHE, work.directory / TRAININGS, workers, report)
        gain = measure_gain(search, best.values, place)
        looks += kept is None or kept.gain is None or kept.best != best
    own = [t.error for t in trials if t.values == default and t.error is not None]
    result = TuningResult(
        plan=search.plan,
        trials=trials,
        default=default,
        inner_default=own[0] if own else None,
        gain=gain,
        looks=looks,
        inner_rows=len(search.rows),
        importance=importance_of(trials, search.plan.space),
        grid_refused=dict(grid_points(search).refused) if search.plan.space.grid else {},
    )
    write_tuning(work.directory, result)
    write_page(work.directory, result, work.family.title)
    return result


def records_of(study: optuna.Study, space: SearchSpace) -> list[TrialRecord]:
    """The trials of a study, by number."""
    return [_record(trial, space) for trial in counted(study)]


def _record(trial: FrozenTrial, space: SearchSpace) -> TrialRecord:
    values = dict[str, Any]()
    for path, value in trial.params.items():
        values[path] = value if isinstance(space.fields[path], Range) else json.loads(value)
    refused = trial.user_attrs.get(REFUSED, "")
    return TrialRecord(
        number=trial.number,
        became="refused" if refused else BECAME[trial.state],
        values={path: values[path] for path in space.fields if path in values},
        error=trial.value if trial.state == TrialState.COMPLETE else None,
        compared=dict(trial.intermediate_values),
        seconds=trial.user_attrs.get(SECONDS, 0.0),
        refused=refused,
    )
