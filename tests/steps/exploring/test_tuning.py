"""A search: what is tried follows from seed and history alone, and the outer rows stay unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from matops.adapters.storage import trial_store
from matops.artifacts.configuration import resolve_config
from matops.artifacts.exploring.tuning import TuningPlan
from matops.artifacts.exploring.tuning_result import TuningResult
from matops.artifacts.preset_file import read_preset_file
from matops.core.errors import BadInput
from matops.core.exploring.space import Options, Range, SearchSpace
from matops.core.exploring.tuning import TrialRecord
from matops.core.quality.metrics import paired_difference
from matops.families.elastic_cgcnn import ElasticCGCNN
from matops.steps.exploring.tuning import search, trials
from matops.steps.exploring.tuning.grid import grid_points
from matops.steps.exploring.tuning.search import begin_search, open_search
from matops.steps.exploring.tuning.trials import TrialWork, open_study
from matops.steps.exploring.tuning.tune import (
    begin_trials,
    conclude_tuning,
    records_of,
    run_trials,
)
from matops.steps.learning.samples import Samples, gather_samples
from tests.support.tuning_process import run_and_die, run_beside, work_at

SPACE = SearchSpace(
    "small",
    {
        "training.learning_rate": Range(1e-5, 3e-2, log=True),
        "training.batch_size": Options((8, 16)),
        "training.epochs": Range(4, 6),
    },
    preset="demo",
    changes={
        "network.atom_fea_len": 8,
        "network.n_conv": 1,
        "network.h_fea_len": 16,
        "training.device": "cpu",
        "training.members": 2,
    },
)
PLAN = TuningPlan("elastic_cgcnn", "small", "demo", {}, SPACE, 3, 2, 2, True)
TRIALS = 14
Begin = Callable[..., TrialWork]


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def samples(family: Any, alloys: list[Any]) -> Samples:
    return gather_samples(family, alloys[:48])[0]


@pytest.fixture
def begin(samples: Samples, quiet: Any, tmp_path: Path) -> Begin:
    def begun(
        name: str = "one",
        plan: TuningPlan = PLAN,
        count: int = TRIALS,
        samples: Samples = samples,
    ) -> TrialWork:
        work = replace(work_at(tmp_path / name), family=samples.family)
        begin_search(work.directory, plan, samples, tuple(samples.ids[:12].tolist()))
        begin_trials(work, count, 1, lambda _: quiet)
        return work

    return begun


def forget() -> None:
    """What a new process does not know."""
    trial_store._journal.cache_clear()
    open_search.cache_clear()


def found(work: TrialWork) -> list[TrialRecord]:
    """The trials, without what differs between two runs of the same."""
    forget()
    opened = open_search(work.family, work.directory)
    records = records_of(open_study(opened, work.store), opened.plan.space)
    return [replace(record, seconds=0.0) for record in records]


@pytest.fixture(scope="module")
def unbroken(
    samples: Samples, tmp_path_factory: pytest.TempPathFactory, quiet: Any
) -> list[TrialRecord]:
    work = work_at(tmp_path_factory.mktemp("unbroken"))
    begin_search(work.directory, PLAN, samples, tuple(samples.ids[:12].tolist()))
    begin_trials(work, TRIALS, 1, lambda _: quiet)
    run_trials(work, 1, quiet)
    return found(work)


def test_all_trials_end_some_are_stopped_and_the_best_is_not(unbroken: list[TrialRecord]) -> None:
    became = [record.became for record in unbroken]
    assert set(became) == {"finished", "stopped"}
    stopped = [record for record in unbroken if record.became == "stopped"]
    finished = [record for record in unbroken if record.became == "finished"]
    assert all(max(record.compared) in (2, 4) for record in stopped)
    assert all(set(record.compared) == {1, 2, 3, 4} for record in finished)
    best = min(finished, key=lambda record: record.error or 0)
    # Who was stopped was not ahead of the best where they were compared.
    for record in stopped:
        assert record.compared[max(record.compared)] >= best.compared[max(record.compared)]
    assert all(SPACE.fields[p].holds(v) for record in unbroken for p, v in record.values.items())


class Killed(BaseException):
    """Not an error: the process is gone."""


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (12, "looking"),
        pytest.param(0, "looking", marks=pytest.mark.slow),
        pytest.param(12, "before", marks=pytest.mark.slow),
        pytest.param(12, "suggesting", marks=pytest.mark.slow),
        pytest.param(12, "noting", marks=pytest.mark.slow),
    ],
)
def test_a_search_that_is_killed_goes_on_as_an_unbroken_one(
    begin: Begin,
    unbroken: list[TrialRecord],
    quiet: Any,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    place: str,
) -> None:
    work = begin()

    def dies(*_: Any, **__: Any) -> Any:
        raise Killed

    def at(trial: Any, *_: Any, **__: Any) -> Any:
        if trial.number == number:
            raise Killed
        return whole(trial, *_, **__)

    with monkeypatch.context() as patch:
        if place == "before":
            whole: Any = trials.suggest
            patch.setattr(trials, "suggest", at)
        elif place == "suggesting":
            whole = trials.optuna.Trial.suggest_categorical
            patch.setattr(trials.optuna.Trial, "suggest_categorical", at)
        elif place == "looking":
            whole = trials.optuna.Trial.should_prune
            patch.setattr(trials.optuna.Trial, "should_prune", at)
        else:
            tell = trials.optuna.Study.tell

            def dying(study: Any, trial: Any, *end: Any) -> Any:
                return dies() if trial.number == number else tell(study, trial, *end)

            patch.setattr(trials.optuna.Study, "tell", dying)
        with pytest.raises(Killed):
            run_trials(work, 1, quiet)
    assert [record.became for record in found(work)][number] == "under way"
    assert run_trials(work, 1, quiet) == TRIALS - number
    assert found(work) == unbroken


@pytest.mark.parametrize("which", [0, pytest.param(-1, marks=pytest.mark.slow)])
def test_a_trial_that_was_about_to_be_stopped_is_stopped_after_the_kill(
    begin: Begin,
    unbroken: list[TrialRecord],
    quiet: Any,
    monkeypatch: pytest.MonkeyPatch,
    which: int,
) -> None:
    number = [record.number for record in unbroken if record.became == "stopped"][which]
    work, tell = begin(), trials.optuna.Study.tell

    def dying(study: Any, trial: Any, *end: Any) -> Any:
        if trial.number == number:
            raise Killed
        return tell(study, trial, *end)

    with monkeypatch.context() as patch:
        patch.setattr(trials.optuna.Study, "tell", dying)
        with pytest.raises(Killed):
            run_trials(work, 1, quiet)
    run_trials(work, 1, quiet)
    assert found(work) == unbroken


@pytest.mark.slow
def test_a_process_that_was_shot_while_it_trained_goes_on_too(
    begin: Begin, unbroken: list[TrialRecord], quiet: Any
) -> None:
    work = begin()
    process = get_context("spawn").Process(target=run_and_die, args=(work.directory, 11))
    process.start()
    process.join(120)
    assert process.exitcode == -9
    became = [record.became for record in found(work)]
    assert became.count("under way") == 1
    run_trials(work, 1, quiet)
    assert found(work) == unbroken


def test_another_seed_tries_something_else(
    begin: Begin, unbroken: list[TrialRecord], quiet: Any
) -> None:
    work = begin(plan=replace(PLAN, seed=4), count=3)
    run_trials(work, 1, quiet)
    other = found(work)
    assert [record.values for record in other] != [record.values for record in unbroken[:3]]


def test_a_larger_number_extends(begin: Begin, unbroken: list[TrialRecord], quiet: Any) -> None:
    work = begin(count=5)
    assert run_trials(work, 1, quiet) == 5
    begin_trials(work, TRIALS, 1, lambda _: quiet)
    assert run_trials(work, 1, quiet) == TRIALS - 5
    assert found(work) == unbroken


@pytest.mark.slow
def test_processes_share_the_trials_and_run_none_twice(begin: Begin, quiet: Any) -> None:
    work, context = begin(count=6), get_context("spawn")
    names = ("a", "b")
    workers = [context.Process(target=run_beside, args=(work.directory, name)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(240)
        assert worker.exitcode == 0
    records = found(work)
    assert [record.number for record in records] == list(range(6))
    assert {record.became for record in records} <= {"finished", "stopped"}


def test_labels_of_the_outer_rows_change_nothing_in_the_search(
    begin: Begin, samples: Samples, quiet: Any
) -> None:
    def spoilt(record: Any, row: int) -> Any:
        worse = {name: 3.0 * value for name, value in record.targets.items()}
        return replace(record, targets=worse) if row < 12 else record

    others = Samples(samples.family, [spoilt(r, i) for i, r in enumerate(samples.records)])
    one, other = begin("one", count=4), begin("other", samples=others, count=4)
    for work in (one, other):
        run_trials(work, 1, quiet)
    assert found(one) == found(other)


class OwnFit(ElasticCGCNN):
    """A family whose fit has no epochs: it answers what a fresh network does."""

    def fit_member(self, *arguments: Any, **_: Any) -> tuple[nn.Module, list[Any]]:
        torch.manual_seed(arguments[3])
        return self.network(arguments[2]).eval(), []


def test_a_fit_without_epochs_is_compared_only_where_a_fold_is_done(
    begin: Begin, samples: Samples, quiet: Any
) -> None:
    work = begin(samples=Samples(OwnFit(), samples.records), count=3)
    run_trials(work, 1, quiet)
    assert all(set(record.compared) == {4} for record in found(work))


def test_without_pruning_all_trials_finish(begin: Begin, quiet: Any) -> None:
    work = begin(plan=replace(PLAN, prune=False, measured=1), count=4)
    run_trials(work, 1, quiet)
    assert {record.became for record in found(work)} == {"finished"}


def test_values_that_do_not_go_together_are_refused_and_the_search_goes_on(
    begin: Begin, quiet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = ElasticCGCNN.network

    def refusing(self: Any, config: Any) -> nn.Module:
        if config.training.batch_size == 8:
            raise BadInput("8 leave nothing")
        return network(self, config)

    monkeypatch.setattr(ElasticCGCNN, "network", refusing)
    work = begin(count=6)
    run_trials(work, 1, quiet)
    became = {r.values["training.batch_size"]: r.became for r in found(work)}
    assert became[8] == "refused"
    assert became.get(16) != "refused"
    assert next(r.refused for r in found(work) if r.became == "refused") == "8 leave nothing"


def grid_plan() -> TuningPlan:
    fields: Mapping[str, Any] = {
        "network.n_conv": Options((1, 2)),
        "training.batch_size": Options((8, 16, 24)),
    }
    space = SearchSpace("grid", fields, preset="demo", grid=True)
    return replace(PLAN, space=space, prune=False)


def test_a_grid_tries_each_point_once_but_those_that_build_nothing(
    begin: Begin, quiet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = ElasticCGCNN.network

    def refusing(self: Any, config: Any) -> nn.Module:
        if (config.network.n_conv, config.training.batch_size) == (2, 24):
            raise BadInput("nothing is left")
        return network(self, config)

    monkeypatch.setattr(ElasticCGCNN, "network", refusing)
    work = begin(plan=replace(grid_plan(), measured=1), count=100)
    points = grid_points(open_search(work.family, work.directory))
    assert (len(points.valid), dict(points.refused)) == (5, {"nothing is left": 1})
    run_trials(work, 1, quiet)
    tried = [tuple(record.values.values()) for record in found(work)]
    assert len(tried) == len(set(tried)) == 5
    assert (2, 24) not in tried


def concluded(work: TrialWork, quiet: Any) -> TuningResult:
    run_trials(work, 1, quiet)
    return conclude_tuning(work, 1, lambda _: quiet)


def test_the_gain_is_that_of_whole_ensembles_on_the_outer_rows(
    begin: Begin, samples: Samples, quiet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = begin(count=4)
    result = concluded(work, quiet)
    assert result.gain is not None
    assert result.best is not None
    assert result.gain.default.rows == result.gain.best.rows == 12
    difference = result.gain.best.value - result.gain.default.value
    assert result.gain.difference.value == pytest.approx(difference)
    assert result.inner_rows == 36
    assert set(result.gain.mae["best"]) == {"all", "K_VRH", "G_VRH"}
    assert conclude_tuning(work, 1, lambda _: quiet).looks == result.looks == 1


def test_errors_of_a_sample_are_in_standard_deviations_of_the_rows_that_were_seen(
    begin: Begin, samples: Samples
) -> None:
    work = begin(count=1)
    opened = open_search(work.family, work.directory)
    rows = np.arange(12)
    truth = samples.scaled["sample"]
    off = truth[rows] + np.array([0.1, 0.3])
    deviations = truth[12:].std(axis=0)
    expected = (0.1 / deviations[0] + 0.3 / deviations[1]) / 2
    assert opened.error(rows, {"sample": off}) == pytest.approx(expected)
    assert paired_difference("1", np.ones(3), np.ones(3), [0, 1, 2]).value == 0


def test_the_best_is_a_preset_file_that_gives_its_configuration(begin: Begin, quiet: Any) -> None:
    work = begin(count=4)
    result = concluded(work, quiet)
    assert result.best is not None
    preset = read_preset_file(work.directory / "best.json", "elastic_cgcnn")
    config = resolve_config(work.family, preset.preset, preset.changes)
    assert config.training.learning_rate == result.best.values["training.learning_rate"]
    assert config.training.members == 2
    opened = open_search(work.family, work.directory)
    assert replace(config.training, members=1) == opened.configuration(result.best.values).training


def test_a_directory_of_another_search_is_refused(begin: Begin) -> None:
    begin(count=1)
    with pytest.raises(BadInput, match="differs in seed; give this one a name"):
        begin(plan=replace(PLAN, seed=7))
    assert search.open_search.cache_info().maxsize == 2
