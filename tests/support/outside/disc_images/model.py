"""Features and network: forces are sums of vectors to the neighbours, so that they turn along."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from disc_images.data import Discs
from disc_images.physics import REACH_A, Array, separations_A
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.quality.domain import Descriptors

SHELLS_A = np.linspace(4.0, REACH_A, 11)
WIDTH_A = 2.0
DESCRIPTORS = ("solid fraction", "number of discs", "closest pair")


def shell_vectors(discs: Discs) -> Array:
    """For each disc and shell the sum of unit vectors from its neighbours, (n, shells, 2)."""
    apart = separations_A(discs.centres_A)
    distance = np.linalg.norm(apart, axis=-1)
    unit = apart / np.where(distance > 0, distance, 1.0)[..., None]
    weight = (
        np.exp(-(((distance[..., None] - SHELLS_A) / WIDTH_A) ** 2)) * (distance > 0)[..., None]
    )
    return np.asarray(np.einsum("ijs,ijc->isc", weight, unit))


def featurize(samples: Sequence[Discs]) -> PackedFeatures:
    """Solid fraction of each image, and the shells of each disc."""
    solid = torch.tensor([[sample.solid_fraction] for sample in samples], dtype=torch.float32)
    shells = np.concatenate([shell_vectors(sample) for sample in samples])
    counts = torch.tensor([len(sample.centres_A) for sample in samples])
    tensors = {"sample.solid": solid, "atom.shells": torch.tensor(shells, dtype=torch.float32)}
    return PackedFeatures(tensors, {"atom": counts})


def describe(samples: Sequence[Discs], features: PackedFeatures) -> Descriptors:
    """For the domain: how full, how many, how close."""
    rows = []
    for sample in samples:
        apart = np.linalg.norm(separations_A(sample.centres_A), axis=-1)
        closest = min(REACH_A, *apart[np.triu_indices(len(apart), 1)], REACH_A)
        rows.append([sample.solid_fraction, len(sample.centres_A), closest])
    return Descriptors(np.array(rows, dtype=float), [frozenset({"disc"})] * len(samples))


class DiscNetwork(nn.Module):
    """Two numbers from the solid fraction, and a force as a weighted sum over the shells."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 16), nn.SiLU(), nn.Linear(16, 2))
        self.output = nn.Linear(len(SHELLS_A), 1, bias=False)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Standardised targets by axis: (n, 2) for the samples, (discs, 2) for the discs."""
        shells = batch["atom.shells"].transpose(1, 2)
        return {
            "sample": self.body(10 * batch["sample.solid"]),
            "atom": self.output(shells).squeeze(-1),
        }
