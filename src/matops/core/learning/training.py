"""An ensemble of networks and how it is trained, the same for every family that has one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from matops.core.data.target import SAMPLE_AXIS, axis_order
from matops.core.learning.features import PackedFeatures
from matops.core.learning.stacking import TakesMembers, stack
from matops.core.pauses import Pauses, without_pauses

LOSSES: Mapping[str, Callable[[], nn.Module]] = {
    "mse": nn.MSELoss,
    "mae": nn.L1Loss,
    "huber": nn.SmoothL1Loss,
}
PREDICT_BATCH = 512
MOST_STACKED_ROWS = 1024
"""Of a sample's longest axis, or all samples': with more, members cost no more one by one."""

Answer = Tensor | Mapping[str, Tensor]
"""What a network answers: columns of targets for each sample, or such a table for each axis."""


@runtime_checkable
class LearnsBeside(Protocol):
    """A network that learns something beside its targets, as in a field whose mean they are."""

    def side_loss(self) -> Tensor:
        """The loss of the last batch beside that of the targets; called once a training step."""


@runtime_checkable
class WeighsAxes(Protocol):
    """A network whose targets count differently, as forces beside an energy."""

    axis_weights: Mapping[str, float]
    """Weight of the loss of each axis's targets; 1 for those that it does not name."""


@dataclass(frozen=True)
class EpochLog:
    """Training loss of one epoch, on standardised targets."""

    member: int
    epoch: int
    loss: float


def choose_device(wanted: str) -> torch.device:
    """The device that ``auto``, ``cpu`` or ``cuda`` means on this machine."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def by_axis(answer: Answer) -> dict[str, Tensor]:
    """A network's answer as a table for each axis, in the order of :func:`axis_order`."""
    tables = {SAMPLE_AXIS: answer} if isinstance(answer, Tensor) else answer
    return {axis: tables[axis] for axis in axis_order(tables)}


@dataclass(eq=False)
class Ensemble:
    """Trained networks and the scaling of their targets.

    It answers on the CPU, with as many threads as each of its members was trained with: more
    would cost a small network more time than they save.
    """

    networks: list[nn.Module]  # members, in evaluation mode
    centre: Tensor  # mean of the training targets on the learning scale, (columns,), axis by axis
    scale: Tensor  # standard deviation of the same, same shape

    def predict(self, features: PackedFeatures) -> dict[str, NDArray[np.float64]]:
        """Every member's answer on the learning scale by axis, shape (members, rows, columns)."""
        return without_pauses(self.predicting(features))

    @torch.no_grad()  # and not inference_mode: a force is a derivative that the network takes
    def predicting(self, features: PackedFeatures) -> Pauses[dict[str, NDArray[np.float64]]]:
        """The same in steps: a member each, or all together where that is little."""
        batches = [
            features.part(i, i + PREDICT_BATCH) for i in range(0, len(features), PREDICT_BATCH)
        ]
        members: list[dict[str, Tensor]] = []
        for network, count in self._passes(features):
            parts = [by_axis(network(batch)) for batch in batches]
            answers = {axis: torch.cat([part[axis] for part in parts], -2) for axis in parts[0]}
            members.append({axis: a.reshape(count, *a.shape[-2:]) for axis, a in answers.items()})
            yield
        tables, first = {}, 0
        for axis in members[0]:
            table = torch.cat([each[axis] for each in members])
            own = slice(first, first := first + table.shape[-1])
            tables[axis] = np.asarray((table * self.scale[own] + self.centre[own]).double())
        return tables

    def _passes(self, features: PackedFeatures) -> list[tuple[nn.Module, int]]:
        """Networks that answer one after the other, and for how many members each."""
        if features.most_rows <= MOST_STACKED_ROWS and self._stacked is not None:
            return [(self._stacked, len(self.networks))]
        return [(network, 1) for network in self.networks]

    @cached_property
    def _stacked(self) -> nn.Module | None:
        """All members as one, if they can be."""
        return stack(self.networks) if isinstance(self.networks[0], TakesMembers) else None

    def tensors(self) -> dict[str, Tensor]:
        """All weights under one name each, for a safetensors file."""
        named = {"targets/centre": self.centre, "targets/scale": self.scale}
        for i, network in enumerate(self.networks):
            for name, tensor in network.state_dict().items():
                named[f"member{i}/{name}"] = tensor.contiguous()
        return named


def restore_ensemble(build: Callable[[], nn.Module], tensors: Mapping[str, Tensor]) -> Ensemble:
    """Rebuild what :meth:`Ensemble.tensors` gave.

    Raises:
        KeyError, RuntimeError: names or shapes don't belong to this network.
    """
    members = sorted({int(k[6:].split("/")[0]) for k in tensors if k.startswith("member")})
    networks = []
    for i in members:
        prefix = f"member{i}/"
        own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        network = build()
        network.load_state_dict(own)
        networks.append(network.eval())
    return Ensemble(networks, tensors["targets/centre"], tensors["targets/scale"])
