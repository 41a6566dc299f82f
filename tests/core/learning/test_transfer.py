from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from matops.core.errors import BadInput
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.fitting import fit_member
from matops.core.learning.training_config import TrainingConfig
from matops.core.learning.transfer import (
    Ancestor,
    Start,
    TransferConfig,
    freeze,
    load_start,
    open_stages,
    refuse_leak,
    stages,
)

CONFIG = TrainingConfig(epochs=3, batch_size=8, learning_rate=1e-2, device="cpu")
SPLIT = {"calibration": 0.1, "test": 0.1, "salt": "matops"}


class Toy(nn.Module):
    """Body, hidden layer and head; the norm of the body has statistics."""

    stages = ("body", "hidden", "output")

    def __init__(self, n_targets: int = 1, width: int = 16) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, width), nn.BatchNorm1d(width), nn.ReLU())
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, n_targets)

    def forward(self, batch: Batch) -> Tensor:
        return self.output(torch.relu(self.hidden(self.body(batch["sample.x"]))))


def rows(n: int, seed: int, tilt: float = 0.0) -> tuple[PackedFeatures, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=generator)
    y = x[:, :1] * x[:, 1:2] + torch.sin(2 * x[:, 2:3]) + tilt * x[:, 3:]
    return PackedFeatures({"sample.x": x}), y


def parent() -> dict[str, Tensor]:
    network, _ = fit_member(Toy, *rows(400, 0), replace(CONFIG, epochs=40))
    return dict(network.state_dict())


@pytest.fixture(scope="module")
def start() -> dict[str, Tensor]:
    return parent()


def error(network: nn.Module, tilt: float) -> float:
    features, truth = rows(400, 99, tilt)
    with torch.inference_mode():
        answer = network(features.batch(torch.arange(400)))
    return float(((answer - truth) ** 2).mean())


def test_without_learning_the_child_answers_as_its_parent(start: dict[str, Tensor]) -> None:
    idle = replace(CONFIG, learning_rate=1e-12, weight_decay=0.0)
    child, _ = fit_member(Toy, *rows(20, 1), idle, start=start)
    for name, tensor in child.state_dict().items():
        assert torch.allclose(tensor, start[name], atol=1e-6), name


def test_statistics_follow_the_new_rows_only_where_asked(start: dict[str, Tensor]) -> None:
    for keep in (True, False):
        config = replace(CONFIG, transfer=TransferConfig(keep_statistics=keep))
        child, _ = fit_member(Toy, *rows(20, 1), config, start=start)
        same = torch.equal(child.state_dict()["body.1.running_mean"], start["body.1.running_mean"])
        assert same is keep


def test_head_mode_moves_the_head_and_nothing_else(start: dict[str, Tensor]) -> None:
    config = replace(CONFIG, transfer=TransferConfig("head", keep_statistics=False))
    child, _ = fit_member(Toy, *rows(20, 1), config, start=start)
    for name, tensor in child.state_dict().items():
        assert torch.equal(tensor, start[name]) is not name.startswith("output"), name


def test_stages_open_from_the_output_backwards() -> None:
    gradual = TransferConfig("gradual", gradual_share=0.5)
    assert [open_stages(gradual, e, 8, 3) for e in range(8)] == [1, 1, 2, 2, 3, 3, 3, 3]
    assert [open_stages(TransferConfig("head"), e, 8, 3) for e in (0, 7)] == [1, 1]
    assert [open_stages(TransferConfig("whole"), e, 8, 3) for e in (0, 7)] == [3, 3]
    assert open_stages(TransferConfig("gradual", gradual_share=0.0), 0, 8, 3) == 3


def test_frozen_stages_neither_learn_nor_count(start: dict[str, Tensor]) -> None:
    network = Toy().train()
    freeze(network, 2, keep_statistics=False)
    learns = {name: p.requires_grad for name, p in network.named_parameters()}
    assert not any(learns[name] for name in learns if name.startswith("body"))
    assert all(learns[name] for name in learns if not name.startswith("body"))
    assert not network.body[1].training
    freeze(network, 3, keep_statistics=True)
    assert all(p.requires_grad for p in network.parameters())
    assert not network.body[1].training
    freeze(network, 3, keep_statistics=False)
    assert network.body[1].training


@pytest.mark.parametrize("mode", ["whole", "gradual"])
def test_a_related_task_is_learnt_from_few_rows(mode: str, start: dict[str, Tensor]) -> None:
    features, truth = rows(40, 3, tilt=0.3)
    config = replace(CONFIG, epochs=30, transfer=TransferConfig(mode))
    scratch = error(fit_member(Toy, features, truth, config)[0], 0.3)
    transferred = error(fit_member(Toy, features, truth, config, start=start)[0], 0.3)
    assert transferred < 0.7 * scratch


def test_head_of_another_shape_is_drawn_anew(start: dict[str, Tensor]) -> None:
    network = Toy(n_targets=3)
    before = network.output.weight.clone()
    assert load_start(network, start) == 1
    assert load_start(Toy(), start) == 0
    assert torch.equal(network.output.weight, before)
    assert torch.equal(network.body[0].weight, start["body.0.weight"])
    assert torch.equal(network.hidden.weight, start["hidden.weight"])


def test_a_stage_that_is_drawn_anew_trains_in_head_mode_too(start: dict[str, Tensor]) -> None:
    """Random weights that stay frozen would spoil everything before the head."""
    lost = {name: tensor for name, tensor in start.items() if name != "hidden.weight"}
    config = replace(CONFIG, transfer=TransferConfig("head"))
    assert load_start(Toy(), lost) == 2
    child, _ = fit_member(Toy, *rows(20, 1), config, start=lost)
    assert not torch.equal(child.hidden.bias, start["hidden.bias"])
    assert torch.equal(child.body[0].weight, start["body.0.weight"])


def test_another_body_is_refused_by_name(start: dict[str, Tensor]) -> None:
    with pytest.raises(BadInput, match=r"6 tensors of the body don't fit.* body\.0\.weight"):
        load_start(Toy(width=8), start)
    with pytest.raises(BadInput, match="another network"):
        load_start(Toy(), {"something": torch.zeros(1)})


def test_network_without_stages_has_its_children() -> None:
    assert stages(nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))) == ("0", "1")
    assert stages(Toy()) == Toy.stages


def test_members_are_dealt_in_turn() -> None:
    weights = tuple({"w": torch.tensor(float(i))} for i in range(2))
    begun = Start(weights, (Ancestor("v", "d", "whole", False),))
    assert [float(begun.of_member(i)["w"]) for i in range(5)] == [0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    "child",
    [
        {**SPLIT, "salt": "other"},
        {**SPLIT, "test": 0.2},
        {**SPLIT, "calibration": 0.11},
    ],
)
def test_start_that_may_have_seen_the_test_groups_is_refused(child: dict) -> None:
    with pytest.raises(BadInput, match=r"held out 0.2 of the groups.*split\.salt"):
        refuse_leak(SPLIT, child, TransferConfig())
    refuse_leak(SPLIT, child, TransferConfig(disjoint_data=True))


def test_smaller_share_of_the_same_split_is_allowed() -> None:
    refuse_leak(SPLIT, SPLIT, TransferConfig())
    refuse_leak(SPLIT, {**SPLIT, "test": 0.15, "calibration": 0.05}, TransferConfig())


class Beside(Toy):
    """Learns that its hidden weights should be zero, whatever the targets say."""

    calls = 0

    def side_loss(self) -> Tensor:
        Beside.calls += 1
        return 100.0 * self.hidden.weight.square().mean()


def test_what_is_learnt_beside_joins_the_loss_at_every_step() -> None:
    features, truth = rows(32, 5)
    plain, log = fit_member(Toy, features, truth, CONFIG)
    shrunk, _ = fit_member(Beside, features, truth, CONFIG)
    assert Beside.calls == CONFIG.epochs * 4
    sizes = [float(n.hidden.weight.detach().abs().mean()) for n in (shrunk, plain)]
    assert sizes[0] < 0.9 * sizes[1]
    assert all(entry.loss < 10 for entry in log)


def test_own_splits_must_be_one_file() -> None:
    own, other = ({**SPLIT, "fingerprint": name} for name in ("aa", "bb"))
    refuse_leak(own, own, TransferConfig())
    for parent, child in ((SPLIT, own), (own, SPLIT), (own, other)):
        with pytest.raises(BadInput, match="split by different files"):
            refuse_leak(parent, child, TransferConfig())
        refuse_leak(parent, child, TransferConfig(disjoint_data=True))
