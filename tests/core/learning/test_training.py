"""Training: repeatable to the last bit, and without side effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from matops.core.learning.features import PackedFeatures
from matops.core.learning.fitting import fit_member
from matops.core.learning.training import (
    LOSSES,
    PREDICT_BATCH,
    Ensemble,
    restore_ensemble,
)
from matops.core.learning.training_config import TrainingConfig

Build = Callable[[], nn.Module]
CONFIG = TrainingConfig(
    epochs=12, batch_size=32, learning_rate=0.02, weight_decay=0.0, device="cpu", seed=5
)


def weights(network: nn.Module) -> list[Tensor]:
    return list(network.state_dict().values())


def same(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(weights(first), weights(second), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture
def trained(build: Build, toy_features: PackedFeatures, toy_targets: Tensor) -> nn.Module:
    return fit_member(build, toy_features, toy_targets, CONFIG)[0]


@pytest.fixture
def fit(
    build: Build, toy_features: PackedFeatures, toy_targets: Tensor
) -> Callable[..., nn.Module]:
    def run(member: int = 0, **changes: object) -> nn.Module:
        config = replace(CONFIG, **changes)  # type: ignore[arg-type]
        return fit_member(build, toy_features, toy_targets, config, member)[0]

    return run


def test_same_seed_gives_the_same_weights_to_the_last_bit(
    fit: Callable[..., nn.Module], trained: nn.Module
) -> None:
    torch.manual_seed(999)
    torch.randn(17)
    assert same(fit(), trained)


def test_other_seed_or_member_gives_another_network(
    fit: Callable[..., nn.Module], trained: nn.Module
) -> None:
    assert not same(fit(seed=6), trained)
    assert not same(fit(member=1), trained)


def test_member_is_a_shift_of_the_seed(fit: Callable[..., nn.Module]) -> None:
    assert same(fit(member=2, seed=5), fit(member=0, seed=7))


def test_global_random_state_and_determinism_are_left_as_they_were(
    fit: Callable[..., nn.Module],
) -> None:
    torch.manual_seed(42)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    fit()
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_loss_falls_far_on_a_problem_that_can_be_learnt(
    build: Build, toy_features: PackedFeatures, toy_targets: Tensor, loss: str
) -> None:
    config = replace(CONFIG, loss=loss, epochs=60)
    _, log = fit_member(build, toy_features, toy_targets, config)
    assert log[-1].loss < 0.3 * log[0].loss


def test_log_and_progress_have_one_entry_an_epoch(
    build: Build, toy_features: PackedFeatures, toy_targets: Tensor
) -> None:
    seen: list[tuple[int, int]] = []
    _, log = fit_member(
        build, toy_features, toy_targets, CONFIG, 3, lambda done, all_, _: seen.append((done, all_))
    )
    assert [(entry.member, entry.epoch) for entry in log] == [(3, i) for i in range(12)]
    assert seen == [(i + 1, 12) for i in range(12)]


def test_trained_network_ignores_who_else_is_in_the_batch(
    trained: nn.Module, toy_features: PackedFeatures
) -> None:
    with torch.inference_mode():
        alone = trained(toy_features.batch(torch.tensor([7])))
        together = trained(toy_features.batch(torch.arange(90)))[7:8]
    torch.testing.assert_close(alone, together)


@pytest.mark.parametrize("batch_size", [7, 60, 500])
def test_batches_of_any_size_see_every_row_once_an_epoch(batch_size: int) -> None:
    seen: list[int] = []

    class Spy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1, 2))

        def forward(self, batch: object) -> Tensor:
            rows = batch["sample.row"]  # type: ignore[index]
            seen.extend(rows.tolist())
            return self.weight.expand(len(rows), 2)

    features = PackedFeatures({"sample.row": torch.arange(90)})
    config = replace(CONFIG, epochs=2, batch_size=batch_size)
    fit_member(Spy, features, torch.zeros(90, 2), config)
    assert sorted(seen[:90]) == sorted(seen[90:]) == list(range(90))
    assert seen[:90] != seen[90:]


def test_restored_ensemble_answers_the_same_to_the_last_bit(
    build: Build, fit: Callable[..., nn.Module], toy_features: PackedFeatures
) -> None:
    ensemble = Ensemble(
        [fit(member=m) for m in range(11)], torch.tensor([2.0, 1.5]), torch.tensor([0.3, 0.2])
    )
    restored = restore_ensemble(build, ensemble.tensors())
    answers = [model.predict(toy_features)["sample"] for model in (restored, ensemble)]
    np.testing.assert_array_equal(*answers)


def test_restoring_refuses_weights_of_another_network(build: Build, trained: nn.Module) -> None:
    tensors = Ensemble([trained], torch.zeros(2), torch.ones(2)).tensors()
    del tensors["member0/hidden.weight"]
    with pytest.raises(RuntimeError, match=r"hidden\.weight"):
        restore_ensemble(build, tensors)


def test_prediction_undoes_the_standardisation(
    trained: nn.Module, toy_features: PackedFeatures
) -> None:
    plain = Ensemble([trained], torch.zeros(2), torch.ones(2)).predict(toy_features)["sample"]
    centre, scale = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0])
    scaled = Ensemble([trained], centre, scale).predict(toy_features)["sample"]
    assert scaled.shape == (1, 90, 2)
    np.testing.assert_allclose(scaled, plain * scale.numpy() + centre.numpy(), atol=1e-5)


def test_long_requests_are_answered_as_short_ones(trained: nn.Module) -> None:
    n = PREDICT_BATCH + 3
    vectors = torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    features = PackedFeatures({"atom.vector": vectors}, {"atom": torch.ones(n, dtype=torch.long)})
    ensemble = Ensemble([trained], torch.zeros(2), torch.ones(2))
    last = ensemble.predict(features.take(torch.tensor([n - 1])))["sample"]
    np.testing.assert_allclose(ensemble.predict(features)["sample"][:, -1:], last, atol=1e-6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("members", 0),
        ("epochs", 0),
        ("batch_size", 0),
        ("cpu_threads", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("warm_up", 1.0),
        ("seed", -1),
    ],
)
def test_a_schedule_that_can_not_be_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        TrainingConfig(**{field: value})
