"""The networks of an ensemble as one, whose layers hold the weights of all members.

Small samples cost a network more calls than numbers: members that answer together share them.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import ClassVar, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class TakesMembers(Protocol):
    """A network whose ``forward`` also does with arrays that have an axis of members in front.

    It counts axes from the last one, and has what differs between members in the layers that
    :func:`stack` knows: ``Linear`` and ``BatchNorm1d``.
    """

    takes_members: ClassVar[bool]


class StackedLinear(nn.Module):
    """Linear layers of all members: (n, f) or (members, n, f) to (members, n, g)."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight = torch.stack([layer.weight.detach().T for layer in layers])
        biases = [layer.bias.detach() for layer in layers if layer.bias is not None]
        self.bias = torch.stack(biases)[:, None] if biases else None

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows, those of each member by its own weights."""
        rows = x.expand(len(self.weight), *x.shape[-2:])
        if self.bias is None:
            return torch.bmm(rows, self.weight)
        return torch.baddbmm(self.bias, rows, self.weight)


class StackedNorm(nn.Module):
    """Batch norms of all members, as trained: (n, f) or (members, n, f) to (members, n, f)."""

    def __init__(self, layers: Sequence[nn.BatchNorm1d]) -> None:
        super().__init__()
        scales, shifts = zip(*map(_scale_and_shift, layers), strict=True)
        self.scale, self.shift = torch.stack(scales)[:, None], torch.stack(shifts)[:, None]

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows, those of each member by its own statistics."""
        return torch.addcmul(self.shift, x, self.scale)


def _scale_and_shift(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    scale = torch.rsqrt(variance + norm.eps)
    if norm.affine:
        scale = scale * norm.weight.detach()
    shift = -mean * scale
    return scale, shift + norm.bias.detach() if norm.affine else shift


def stack(networks: Sequence[nn.Module]) -> nn.Module:
    """One network that answers for all, shape (members, rows, columns), as they are in evaluation.

    Raises:
        TypeError: they differ in more than the layers that are stacked.
    """
    whole = deepcopy(networks[0])
    for name, layer in networks[0].named_modules():
        kind = {nn.Linear: StackedLinear, nn.BatchNorm1d: StackedNorm}.get(type(layer))
        if kind:
            whole.set_submodule(name, kind([each.get_submodule(name) for each in networks]))
    for name, rest in whole.state_dict().items():
        if any(not torch.equal(rest, network.state_dict()[name]) for network in networks):
            raise TypeError(f"{type(whole).__name__}: members differ in {name}")
    return whole
