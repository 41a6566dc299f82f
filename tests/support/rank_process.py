"""What each of two processes does, and what one process does in their place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, distributed, multiprocessing, nn

from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.fitting import fit_member
from matops.core.learning.ranks import Ranks
from matops.core.learning.training_config import TrainingConfig
from tests.support.forked import context

PROCESSES = 2
ROWS = 91
CONFIG = TrainingConfig(epochs=3, batch_size=30, learning_rate=0.01, device="cpu", seed=5)
Results = dict[str, Tensor]


class Mixed(nn.Module):
    """Norms of one and of three dimensions, a random blur, and a weight that is never used."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.BatchNorm1d(3, affine=False)
        # The optimiser would blow up what rounding leaves of a bias before a norm: nothing.
        self.hidden = nn.Conv3d(1, 4, 2, bias=False)
        self.norm = nn.BatchNorm3d(4)
        self.output = nn.Linear(4, 2)
        self.idle = nn.Parameter(torch.ones(3))

    def forward(self, batch: Batch) -> Tensor:
        x = self.raw(batch["sample.vector"])
        if self.training:
            x = x + 0.1 * torch.randn(3)
        grid = x[:, :, None] * x[:, None, :]
        cube = torch.stack([grid, grid.flip(1), grid.sin()], dim=1)[:, None]
        return self.output(torch.tanh(self.norm(self.hidden(cube))).mean((2, 3, 4)))


def features() -> PackedFeatures:
    vectors = torch.randn(ROWS, 3, generator=torch.Generator().manual_seed(1))
    return PackedFeatures({"sample.vector": 3 + 2 * vectors})


def fitted() -> Results:
    """Weights, statistics and losses after a training."""
    samples = features()
    truth = (samples.tensors["sample.vector"] - 3)[:, :2].sin()
    network, log = fit_member(Mixed, samples, truth, CONFIG)
    losses = torch.tensor([entry.loss for entry in log], dtype=torch.float64)
    types = {type(module).__name__ for module in network.modules()}
    assert {"BatchNorm1d", "BatchNorm3d"} <= types
    return {**network.state_dict(), "losses": losses}


def normed() -> Results:
    """Output, gradients and statistics of a norm over very unequal shares of one batch."""
    whole = 100 + torch.randn(12, 5, 4, generator=torch.Generator().manual_seed(2)).double()
    weights = torch.linspace(1, 2, whole.numel()).reshape(whole.shape)
    norm = nn.BatchNorm1d(5)
    ranks = Ranks.joined()
    own = whole if ranks.size == 1 else (whole[:1], whole[1:])[ranks.rank]
    factor = weights if ranks.size == 1 else (weights[:1], weights[1:])[ranks.rank]
    x = own.float().requires_grad_()
    with ranks.shared_norms(norm):
        y = norm(x)
    (y * factor).sum().backward()
    ranks.add_up(norm.parameters(), ())
    assert x.grad is not None
    return {
        "y": y.detach(),
        "x": x.grad,
        "weight": norm.weight.grad,
        "mean": norm.running_mean,
        "variance": norm.running_var,
    }


def handed_round() -> Results:
    """Bytes that the first process alone knows."""
    ranks = Ranks.joined()
    said = bytes(range(256)) if ranks.first else b""
    heard = ranks.hand_round(said, torch.device("cpu"))
    empty = ranks.hand_round(b"", torch.device("cpu"))
    return {"heard": torch.tensor(list(heard)), "empty": torch.tensor(len(empty))}


def _be_rank(rank: int, work: Callable[[], Results], meeting: Path, out: Path) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=PROCESSES
    )
    torch.save(work(), out / f"{rank}.pt")
    distributed.destroy_process_group()


def together(work: Callable[[], Results], directory: Path) -> list[Results]:
    """What two processes get that do the same work together."""
    arguments = (work, directory / "meeting", directory)
    method = context.get_start_method()
    multiprocessing.start_processes(_be_rank, arguments, nprocs=PROCESSES, start_method=method)
    return [torch.load(directory / f"{rank}.pt") for rank in range(PROCESSES)]
