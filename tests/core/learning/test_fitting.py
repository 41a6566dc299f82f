"""Training that is interrupted goes on as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from matops.core.learning.checkpoint import STOPPED_STATUS, Checkpoint, TrainingStopped
from matops.core.learning.features import PackedFeatures
from matops.core.learning.fitting import fit_member
from matops.core.learning.training import EpochLog
from matops.core.learning.training_config import TrainingConfig
from matops.core.learning.transfer import TransferConfig

Build = Callable[[], nn.Module]
CONFIG = TrainingConfig(epochs=4, batch_size=30, learning_rate=0.02, device="cpu", seed=5)
STEPS = 12
"""Three batches in each of four epochs."""


class InMemory:
    """Keeps the last checkpoint, and asks for a stop before a given step."""

    def __init__(self, stop_at: int | None = None, every_batch: bool = False) -> None:
        self.stop_at = stop_at
        self.every_batch = every_batch
        self.asked = 0
        self.kept: list[Checkpoint] = []

    def latest(self) -> Checkpoint | None:
        return copied(self.kept[-1]) if self.kept else None

    def due(self) -> bool:
        return self.every_batch

    def stopping(self) -> bool:
        self.asked += 1
        return self.asked == self.stop_at

    def save(self, checkpoint: Checkpoint) -> None:
        self.kept.append(copied(checkpoint))


def copied(checkpoint: Checkpoint) -> Checkpoint:
    tensors = {name: tensor.clone() for name, tensor in checkpoint.tensors.items()}
    return replace(checkpoint, tensors=tensors)


class Drawing(nn.Module):
    """A network whose training depends on random numbers: its inputs are blurred."""

    stages = ("hidden", "output")

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(3, 8)
        self.norm = nn.BatchNorm1d(8)
        self.output = nn.Linear(8, 2)

    def forward(self, batch: object) -> Tensor:
        vectors = batch["sample.vector"]  # type: ignore[index]
        if self.training:
            vectors = vectors + 0.3 * torch.randn(3)
        return self.output(torch.tanh(self.norm(self.hidden(vectors))))


@pytest.fixture
def fit() -> Callable[..., tuple[dict[str, Tensor], list[EpochLog]]]:
    vectors = torch.randn(90, 3, generator=torch.Generator().manual_seed(1))
    features = PackedFeatures({"sample.vector": vectors})

    def run(
        checkpoints: InMemory | None = None,
        config: TrainingConfig = CONFIG,
        start: dict[str, Tensor] | None = None,
    ) -> tuple[dict[str, Tensor], list[EpochLog]]:
        arguments = (Drawing, features, vectors[:, :2].sin(), config, 1)
        network, log = fit_member(*arguments, start=start, checkpoints=checkpoints)
        return network.state_dict(), log

    return run


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("stop_at", range(1, STEPS + 1))
def test_a_stop_at_any_batch_changes_no_bit(
    fit: Callable[..., tuple[dict[str, Tensor], list[EpochLog]]], stop_at: int
) -> None:
    weights, log = fit()
    checkpoints = InMemory(stop_at)
    with pytest.raises(TrainingStopped) as stopped:
        fit(checkpoints)
    assert stopped.value.code == STOPPED_STATUS
    assert [kept.steps for kept in checkpoints.kept] == [stop_at]
    torch.randn(17)
    resumed, resumed_log = fit(checkpoints)
    assert same(resumed, weights)
    assert resumed_log == log


@pytest.mark.parametrize("mode", ["head", "gradual"])
def test_a_stop_while_stages_are_closed_changes_no_bit(
    fit: Callable[..., tuple[dict[str, Tensor], list[EpochLog]]], mode: str
) -> None:
    start = Drawing().state_dict()
    transfer = TransferConfig(mode=mode, gradual_share=1.0)  # type: ignore[arg-type]
    config = replace(CONFIG, transfer=transfer)
    weights, log = fit(config=config, start=start)
    for stop_at in (2, 6, 7):
        checkpoints = InMemory(stop_at)
        with pytest.raises(TrainingStopped):
            fit(checkpoints, config, start)
        resumed, resumed_log = fit(checkpoints, config, start)
        assert same(resumed, weights)
        assert resumed_log == log


def test_a_finished_training_is_not_repeated(
    fit: Callable[..., tuple[dict[str, Tensor], list[EpochLog]]],
) -> None:
    checkpoints = InMemory()
    weights, log = fit(checkpoints)
    assert [(kept.steps, len(kept.log)) for kept in checkpoints.kept] == [(STEPS, 4)]
    again, again_log = fit(checkpoints)
    assert same(again, weights)
    assert again_log == log
    assert len(checkpoints.kept) == 1
    assert checkpoints.asked == STEPS


def test_checkpoints_are_taken_when_due_and_do_not_disturb(
    fit: Callable[..., tuple[dict[str, Tensor], list[EpochLog]]],
) -> None:
    checkpoints = InMemory(every_batch=True)
    weights, _ = fit(checkpoints)
    assert [kept.steps for kept in checkpoints.kept] == [*range(1, STEPS + 1), STEPS]
    assert same(weights, fit()[0])


@pytest.mark.parametrize("epochs", [1, 2])
def test_the_rate_may_rise_on_no_more_than_one_step(
    fit: Callable[..., tuple[dict[str, Tensor], list[EpochLog]]], epochs: int
) -> None:
    config = replace(CONFIG, epochs=epochs, batch_size=18, warm_up=0.2)
    _, log = fit(config=config)
    assert len(log) == epochs
