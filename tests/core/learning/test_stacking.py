"""Members together answer as each does alone."""

from collections.abc import Callable
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from matops.core.learning import training
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.stacking import stack
from matops.core.learning.training import Ensemble


class Body(nn.Module):
    """Linear layers with and without a bias, norms with and without weights."""

    takes_members: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Softplus())
        self.second = nn.Linear(8, 4, bias=False)
        self.norm = nn.BatchNorm1d(4, affine=False)
        self.register_buffer("table", torch.arange(3.0))

    def forward(self, batch: Batch | Tensor) -> Tensor:
        x = batch["sample.x"] if isinstance(batch, Batch) else batch
        answer: Tensor = self.norm(self.second(self.first(x + self.table)))
        return answer


def trained(seed: int, body: Callable[[], nn.Module] = Body) -> nn.Module:
    """A network whose norms have seen something."""
    torch.manual_seed(seed)
    network = body()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm1d):
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.3, 2.0)
            if norm.affine:
                nn.init.normal_(norm.weight)
                nn.init.normal_(norm.bias)
    return network.eval()


@pytest.fixture
def members() -> list[nn.Module]:
    return [trained(seed) for seed in range(4)]


@pytest.fixture
def rows() -> Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(9))


def test_a_stack_answers_for_each_member_with_its_own_weights(
    members: list[nn.Module], rows: Tensor
) -> None:
    with torch.no_grad():
        together = stack(members)(rows)
        alone = torch.stack([network(rows) for network in members])
    assert together.shape == (4, 6, 4)
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)
    assert (alone.std(0) > 1e-2).all()


def test_the_members_stay_as_they_were(members: list[nn.Module], rows: Tensor) -> None:
    with torch.no_grad():
        before = members[0](rows)
        stack(members)
        assert torch.equal(members[0](rows), before)
    assert isinstance(members[0].get_submodule("second"), nn.Linear)


def test_what_is_not_stacked_may_not_differ(members: list[nn.Module]) -> None:
    members[2].get_buffer("table")[0] = 5.0
    with pytest.raises(TypeError, match="members differ in table"):
        stack(members)


@pytest.mark.parametrize("most_rows", [0, 10])
def test_an_ensemble_answers_alike_one_by_one_and_together(
    members: list[nn.Module], rows: Tensor, most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "MOST_STACKED_ROWS", most_rows)
    ensemble = Ensemble(members, torch.arange(4.0), torch.full((4,), 2.0))
    steps = ensemble.predicting(PackedFeatures({"sample.x": rows}))
    count = 0
    while True:
        try:
            next(steps)
            count += 1
        except StopIteration as end:
            table = torch.from_numpy(end.value["sample"])
            break
    assert count == (1 if most_rows else 4)
    with torch.no_grad():
        alone = torch.stack([2 * network(rows) for network in members]) + torch.arange(4.0)
    torch.testing.assert_close(table, alone.double(), atol=1e-6, rtol=1e-5)
