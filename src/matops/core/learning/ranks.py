"""The processes that train one network together: each takes its share of every batch.

The sums over processes are those of one process over the whole batch, so that both learn the same
but for rounding: gradients are weighted by rows, and norms share their statistics.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together."""

    rank: int = 0  # number of this process, from 0; the first one writes
    size: int = 1  # how many there are; 1 for a process of its own

    @classmethod
    def joined(cls) -> "Ranks":
        """The group that this process has joined, or itself alone."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process writes, and tells how far they are."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """This process's share of the rows of a batch."""
        return torch.tensor_split(rows, self.size)[self.rank]

    def add_up(self, parameters: Iterable[nn.Parameter], numbers: Sequence[float]) -> list[float]:
        """Replace gradients by their sums over the processes, and return the sums of numbers.

        All travel in one message. ``DistributedDataParallel`` would hide its time behind the
        backward pass, but wants the same weights to learn at every step, which stages that open
        one by one and a loss beside the targets do not grant.
        """
        if self.size == 1:
            return list(numbers)
        learning = [p for p in parameters if p.requires_grad]
        flags_and_numbers = torch.tensor(
            [float(p.grad is not None) for p in learning] + list(numbers)
        )
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in learning]
        flat = torch.cat(
            [g.flatten() for g in gradients] + [flags_and_numbers.to(gradients[0].device)]
        )
        distributed.all_reduce(flat)
        sizes = [g.numel() for g in gradients] + [len(learning), len(numbers)]
        *sums, flags, totals = torch.split(flat, sizes)
        # A weight that had no gradient anywhere has none: the optimiser leaves it as it is.
        for parameter, total, flag in zip(learning, sums, flags.tolist(), strict=True):
            parameter.grad = total.view_as(parameter) if flag else None
        return [float(total) for total in totals.tolist()]

    def wait(self) -> None:
        """Go on when all processes have come this far."""
        if self.size > 1:
            distributed.barrier()

    def hand_round(self, said: bytes, device: torch.device) -> bytes:
        """What the first process says, to all."""
        if self.size == 1:
            return said
        length = torch.tensor([len(said)], device=device)
        distributed.broadcast(length, 0)
        text = torch.zeros(int(length), dtype=torch.uint8, device=device)
        if self.first and said:
            text.copy_(torch.frombuffer(bytearray(said), dtype=torch.uint8))
        distributed.broadcast(text, 0)
        return text.cpu().numpy().tobytes()

    @contextmanager
    def shared_norms(self, network: nn.Module) -> Iterator[None]:
        """Let batch norms take their statistics from the whole batch for a while."""
        norms = [m for m in network.modules() if type(m) in _SHARED] if self.size > 1 else []
        for norm in norms:
            norm.__class__ = _SHARED[type(norm)]
        try:
            yield
        finally:
            for norm in norms:
                norm.__class__ = type(norm).__bases__[1]


class _Sum(torch.autograd.Function):
    """The sum over the processes, through which gradients flow back to each."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return _Sum.forward(_, gradient.contiguous())


def _sum(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


class _SharesStatistics(nn.modules.batchnorm._BatchNorm):
    """A batch norm over the batches of all processes.

    ``nn.SyncBatchNorm`` does the same, on a GPU only.
    """

    def forward(self, x: Tensor) -> Tensor:
        """As the norm of the whole batch, shape (n, channels, ...)."""
        if not self.training:
            return super().forward(x)
        axes = [0, *range(2, x.ndim)]
        wide = [1, -1] + [1] * (x.ndim - 2)
        values = x.float()
        count = values.new_tensor([x.numel() // x.shape[1]])
        total, n = torch.split(_sum(torch.cat([values.sum(axes), count])), [x.shape[1], 1])
        mean = total / n
        centred = values - mean.view(wide)
        # From differences to the mean: a mean of squares would lose digits.
        variance = _sum(centred.square().sum(axes)) / n
        self._remember(mean.detach(), variance.detach() * n / (n - 1))
        normal = centred * torch.rsqrt(variance + self.eps).view(wide)
        if self.affine:
            normal = normal * self.weight.view(wide) + self.bias.view(wide)
        return normal.type_as(x)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = self.momentum or 1.0 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)


_SHARED: dict[type[nn.Module], type[nn.Module]] = {
    norm: type(f"_Shared{norm.__name__}", (_SharesStatistics, norm), {})
    for norm in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
}
