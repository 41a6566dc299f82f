"""Train: resumes member by member, and workers change nothing but the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from matops.artifacts.model.model import WEIGHTS, read_model
from matops.core.errors import BadInput
from matops.families.elastic_cgcnn import ElasticCGCNN
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.steps.learning import training_task
from matops.steps.learning.train import plan_tasks, train

Fitted = list[tuple[int, int]]


class Watched(ElasticCGCNN):
    """The family with another fit: it writes down which members it trains, on how many rows."""

    def __init__(self) -> None:
        self.fitted: Fitted = []

    def fit_member(
        self,
        features: Any,
        standard_targets: Any,
        config: Any,
        member: int = 0,
        progress: Any = 0,
        start: Any = None,
        checkpoints: Any = None,
    ) -> Any:
        self.fitted.append((member, len(features)))
        return super().fit_member(
            features, standard_targets, config, member, progress, start, checkpoints
        )


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The family, whose fit is watched and counts as the family's own code."""
    own = training_task.training_code
    monkeypatch.setattr(
        training_task, "training_code", lambda family, config: own(ElasticCGCNN(), config)
    )
    return Watched()


@pytest.fixture
def model(world: Any, tmp_path: Path) -> Path:
    """A copy of the trained model that a test may change."""
    return Path(copytree(world.model, tmp_path / "model"))


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def same_weights(first: Path, second: Path) -> bool:
    a, b = load_file(first / WEIGHTS), load_file(second / WEIGHTS)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_plan_has_the_members_and_one_network_a_share(config: ElasticConfig) -> None:
    shares = replace(config, evaluation=replace(config.evaluation, learning_curve=(0.25, 0.5)))
    tasks = plan_tasks(shares)
    assert [(task.member, task.share) for task in tasks] == [(0, 1), (1, 1), (0, 0.25), (0, 0.5)]
    assert len({task.name for task in tasks}) == 4


def test_ensemble_trains_on_training_rows_only_and_members_differ(world: Any) -> None:
    ensemble, log = read_model(world.model, world.family, world.config)
    prepared = world.prepared()
    train_rows = prepared.rows("train")
    assert log.learning_curve[-1].rows == len(train_rows)
    scaled = torch.from_numpy(prepared.scaled_targets()["sample"][train_rows.numpy()]).float()
    torch.testing.assert_close(ensemble.centre, scaled.mean(0))
    answers = ensemble.predict(prepared.features)["sample"]
    assert (answers[0] != answers[1]).all()


def test_log_has_every_epoch_of_every_member_and_the_learning_curve(world: Any) -> None:
    _, log = read_model(world.model, world.family, world.config)
    assert [(e.member, e.epoch) for e in log.epochs] == [(m, e) for m in (0, 1) for e in range(16)]
    half, full = log.learning_curve
    assert half.rows == pytest.approx(full.rows / 2, abs=1)
    assert set(full.mae) == {"K_VRH", "G_VRH"}
    # The law can be learnt: more data helps, and far better than guessing (0.15).
    assert full.mae["K_VRH"] < half.mae["K_VRH"] < 0.1


def test_second_call_retrains_nothing(
    world: Any, watched: Watched, model: Path, quiet: Any
) -> None:
    log = train(world.prepared_dir, watched, world.config, model, 1, quiet)
    assert watched.fitted == []
    assert same_weights(model, world.model)
    assert log == read_model(world.model, world.family, world.config)[1]


def test_missing_member_is_retrained_alone_and_comes_out_the_same(
    world: Any, watched: Watched, model: Path, quiet: Any
) -> None:
    for name in ("member1.json", "member1.safetensors", WEIGHTS):
        (model / name).unlink()
    train(world.prepared_dir, watched, world.config, model, 1, quiet)
    assert [member for member, _ in watched.fitted] == [1]
    assert same_weights(model, world.model)


def test_training_cut_off_before_a_member_was_whole_repeats_that_member(
    world: Any, watched: Watched, model: Path, quiet: Any
) -> None:
    (model / "member0.json").unlink()
    (model / "member0.safetensors").write_bytes(b"half a file")
    train(world.prepared_dir, watched, world.config, model, 1, quiet)
    assert [member for member, _ in watched.fitted] == [0]
    assert same_weights(model, world.model)


def test_other_code_resumes_nothing(world: Any, model: Path, quiet: Any) -> None:
    recoded = Watched()
    train(world.prepared_dir, recoded, world.config, model, 1, quiet)
    assert [member for member, _ in recoded.fitted] == [0, 1, 0]
    assert same_weights(model, world.model)


def test_other_configuration_resumes_nothing(
    world: Any, watched: Watched, model: Path, quiet: Any
) -> None:
    other = replace(world.config, training=replace(world.config.training, epochs=1))
    train(world.prepared_dir, watched, other, model, 1, quiet)
    n_rows = len(world.prepared().rows("train"))
    assert watched.fitted == [(0, n_rows), (1, n_rows), (0, round(n_rows / 2))]
    assert not same_weights(model, world.model)


def test_progress_counts_epochs_over_all_networks_and_ends_complete(
    world: Any, watched: Watched, model: Path
) -> None:
    seen: list[tuple[int, int]] = []
    note: Callable[[int, int, str], None] = lambda done, total, _: seen.append((done, total))  # noqa: E731
    (model / "member0.json").unlink()
    train(world.prepared_dir, watched, world.config, model, 1, note)
    assert {total for _, total in seen} == {3 * 16}
    assert [done for done, _ in seen] == [*range(1, 17), 32, 48]


@pytest.mark.slow
def test_two_workers_give_the_same_weights_as_one(world: Any, quiet: Any, tmp_path: Path) -> None:
    log = train(world.prepared_dir, world.family, world.config, tmp_path / "pool", 2, quiet)
    assert same_weights(tmp_path / "pool", world.model)
    assert log == read_model(world.model, world.family, world.config)[1]


@pytest.fixture
def package(world: Any) -> Path:
    return Path(world.evaluation / "package")


def begun(config: ElasticConfig, **changes: Any) -> ElasticConfig:
    """The configuration with one epoch of steps too small to see, and no line instead."""
    transfer = replace(config.training.transfer, ways=("fine_tuning",))
    small = {"epochs": 1, "learning_rate": 1e-12, "weight_decay": 0.0}
    training = replace(config.training, transfer=transfer, **small)
    return replace(config, training=training, **changes)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_training_starts_from_a_package_and_names_it(
    world: Any, package: Path, tmp_path: Path, quiet: Any, workers: int
) -> None:
    config = begun(world.config)
    log = train(world.prepared_dir, world.family, config, tmp_path, workers, quiet, package)
    assert [(a.version, a.data) for a in log.lineage] == [(world.card.version, "v1")]
    assert log.lineage[0].mode == "whole"
    first, child = load_file(world.model / WEIGHTS), load_file(tmp_path / WEIGHTS)
    # The norm of the raw inputs belongs to no stage: it gets used to the new data, as do the
    # targets' centre and scale.
    kept = ("state_norm", "num_batches", "targets/")
    for name in (n for n in child if not any(word in n for word in kept)):
        torch.testing.assert_close(child[name], first[name], atol=1e-6, rtol=1e-5)


def test_training_from_another_start_resumes_nothing(
    world: Any, watched: Watched, package: Path, tmp_path: Path, quiet: Any
) -> None:
    config = begun(world.config)
    train(world.prepared_dir, watched, config, tmp_path, 1, quiet)
    scratch = len(watched.fitted)
    train(world.prepared_dir, watched, config, tmp_path, 1, quiet, package)
    assert len(watched.fitted) == 2 * scratch
    train(world.prepared_dir, watched, config, tmp_path, 1, quiet, package)
    assert len(watched.fitted) == 2 * scratch


def test_start_that_may_have_seen_the_test_rows_trains_nothing(
    world: Any, watched: Watched, package: Path, tmp_path: Path, quiet: Any
) -> None:
    split = replace(world.config.split, salt="another")
    config = begun(world.config, split=split)
    with pytest.raises(BadInput, match="may have been trained on test groups"):
        train(world.prepared_dir, watched, config, tmp_path, 1, quiet, package)
    assert watched.fitted == []


def test_damaged_or_missing_start_is_one_line(
    world: Any, package: Path, tmp_path: Path, quiet: Any
) -> None:
    copy = Path(copytree(package, tmp_path / "copy"))
    with (copy / WEIGHTS).open("ab") as file:
        file.write(b"x")
    for start in (copy, tmp_path / "nothing"):
        with pytest.raises(BadInput, match=start.name):
            train(world.prepared_dir, world.family, world.config, tmp_path / "m", 1, quiet, start)
