"""A toy network and toy features that the tests of training share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from matops.core.learning.features import Batch, PackedFeatures


class SumOfEdges(nn.Module):
    """A linear function of the mean atom vector, with a hidden layer: small, but ragged."""

    def __init__(self, width: int = 3, n_targets: int = 2) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, 8)
        self.norm = nn.BatchNorm1d(8)
        self.output = nn.Linear(8, n_targets)

    def forward(self, batch: Batch) -> Tensor:
        atoms = self.hidden(batch["atom.vector"])
        summed = torch.zeros(batch.size, 8).index_add(0, batch.sample_of["atom"], atoms)
        return self.output(torch.tanh(self.norm(summed)))


@pytest.fixture
def build() -> Callable[[], nn.Module]:
    return SumOfEdges


@pytest.fixture(scope="session")
def toy_features() -> PackedFeatures:
    """Ninety samples of one to five atoms with three numbers each."""
    generator = torch.Generator().manual_seed(3)
    counts = torch.randint(1, 6, (90,), generator=generator)
    vectors = torch.randn(int(counts.sum()), 3, generator=generator)
    return PackedFeatures({"atom.vector": vectors}, {"atom": counts})


@pytest.fixture(scope="session")
def toy_targets(toy_features: PackedFeatures) -> Tensor:
    """Linear functions of the summed atom vectors, standardised; shape (90, 2)."""
    owner = torch.repeat_interleave(torch.arange(90), toy_features.counts["atom"])
    summed = torch.zeros(90, 3).index_add(0, owner, toy_features.tensors["atom.vector"])
    values = summed @ torch.tensor([[1.0, 0.2], [-0.5, 0.3], [0.0, 1.0]])
    return (values - values.mean(0)) / values.std(0)
