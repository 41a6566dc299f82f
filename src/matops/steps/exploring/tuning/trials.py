"""The trials of a search in a storage that outlives its processes."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from matops.artifacts.configuration import field_value
from matops.core.errors import BadInput
from matops.core.exploring.space import Range, SearchSpace
from matops.core.family import Family
from matops.steps.exploring.tuning.grid import grid_points
from matops.steps.exploring.tuning.sampler import NumberedSampler, pruner
from matops.steps.exploring.tuning.search import Search, open_search
from matops.steps.exploring.tuning.trial import Trial
from matops.steps.ports import TrialStore

REFUSED, SECONDS, ERRORS, WORKER = "refused", "seconds", "errors", "worker"
"""Names of what is noted of a trial."""


@dataclass(frozen=True)
class TrialWork:
    """What a process needs to run trials."""

    family: Family
    directory: Path
    store: TrialStore
    worker: str = ""  # name of whoever works through trials; the same again after a kill


def open_study(search: Search, store: TrialStore) -> optuna.Study:
    """The study of a search, made where it is not there."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    plan = search.plan
    return optuna.create_study(
        storage=store.open(),
        study_name=f"{plan.family}/{plan.name}",
        sampler=NumberedSampler(plan.seed),
        pruner=pruner(plan.prune),
        load_if_exists=True,
    )


def distributions_of(space: SearchSpace) -> dict[str, BaseDistribution]:
    """A space in Optuna's words; options are JSON texts, since they may be lists."""
    distributions: dict[str, BaseDistribution] = {}
    for path, of in space.fields.items():
        if not isinstance(of, Range):
            options = [json.dumps(value) for value in of.values]
            distributions[path] = CategoricalDistribution(options)
        elif of.is_whole:
            low, high, step = int(of.low), int(of.high), int(of.step or 1)
            distributions[path] = IntDistribution(low, high, of.log, step)
        else:
            distributions[path] = FloatDistribution(of.low, of.high, of.log, of.step)
    return distributions


def suggest(trial: optuna.Trial, space: SearchSpace) -> dict[str, Any]:
    """A value for each field of a space."""
    values = dict[str, Any]()
    for path, of in space.fields.items():
        if not isinstance(of, Range):
            options = [json.dumps(value) for value in of.values]
            values[path] = json.loads(trial.suggest_categorical(path, options))
        elif of.is_whole:
            low, high, step = int(of.low), int(of.high), int(of.step or 1)
            values[path] = trial.suggest_int(path, low, high, step=step, log=of.log)
        else:
            values[path] = trial.suggest_float(path, of.low, of.high, step=of.step, log=of.log)
    return values


def stored(space: SearchSpace, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the storage has them."""
    ranges = {path for path, of in space.fields.items() if isinstance(of, Range)}
    return {path: v if path in ranges else json.dumps(v) for path, v in values.items()}


def preset_values(search: Search) -> dict[str, Any]:
    """What the preset has in the fields of the space."""
    return {path: field_value(search.base, path) for path in search.plan.space.fields}


def counted(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """All trials but those that were given back."""
    return [t for t in study.get_trials(deepcopy=False) if t.state != TrialState.FAIL]


def queue(study: optuna.Study, search: Search, count: int) -> None:
    """Have so many trials in the storage, the preset's own point first.

    A grid has no more trials than points, which are queued in a random order.
    """
    space, there = search.plan.space, len(counted(study))
    if space.grid:
        points = grid_points(search).valid[there:count]
        wanted = [stored(space, point) for point in points]
    else:
        preset, wanted = preset_values(search), [{} for _ in range(there, count)]
        if there == 0 and all(space.fields[path].holds(value) for path, value in preset.items()):
            wanted[0] = stored(space, preset)
    for values in wanted:
        study.enqueue_trial(values)


def resumable(study: optuna.Study, worker: str) -> list[int]:
    """Numbers of the trials that a worker, or nobody, had under way: nobody else runs them."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [t.number for t in running if t.user_attrs.get(WORKER, worker) == worker]


def hand_over(work: TrialWork, workers: Sequence[str]) -> None:
    """Deal the trials that an earlier run left under way to workers that are to begin."""
    study, store = open_study(open_search(work.family, work.directory), work.store), work.store
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for place, trial in enumerate(running):
        _again(study, store, trial.number).set_user_attr(WORKER, workers[place % len(workers)])


def run_trial(work: TrialWork, number: int | None) -> str:
    """Run a trial that was under way to its end, or the next that waits; a line on what came."""
    search = open_search(work.family, work.directory)
    study = open_study(search, work.store)
    if number is not None:
        trial = _again(study, work.store, number)
    elif study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        trial = study.ask()
    else:
        return "no trial is left"
    trial.set_user_attr(WORKER, work.worker)
    return _finish(study, trial, search)


def _again(study: optuna.Study, store: TrialStore, number: int) -> optuna.Trial:
    """A trial that was under way, under its own number: what was suggested and measured stays."""
    storage = store.open()
    study_id = storage.get_study_id_from_name(study.study_name)
    return optuna.Trial(study, storage.get_trial_id_from_study_id_trial_number(study_id, number))


def _finish(study: optuna.Study, trial: optuna.Trial, search: Search) -> str:
    values, begun = suggest(trial, search.plan.space), time.perf_counter()
    known = dict(study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def compare(step: int, error: float) -> None:
        if step not in known:
            trial.report(error, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    run = Trial(search, compare)
    try:
        error = run.run(search.configuration(values), lambda *_: None)
        if not math.isfinite(error):
            raise BadInput("its error is no number")
        state, words = TrialState.COMPLETE, f"error {error:.4f}"
    except optuna.TrialPruned:
        error, state, words = math.nan, TrialState.PRUNED, "stopped early"
    except BadInput as refusal:
        error, state, words = math.nan, TrialState.PRUNED, f"refused: {refusal}"
        trial.set_user_attr(REFUSED, str(refusal))
    trial.set_user_attr(ERRORS, run.errors)
    trial.set_user_attr(SECONDS, time.perf_counter() - begun)
    study.tell(trial, error if state == TrialState.COMPLETE else None, state)
    return f"trial {trial.number}: {words}"
