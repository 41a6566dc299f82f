"""How an ensemble is trained; needs no PyTorch, as whoever only reads a configuration."""

from dataclasses import dataclass, field
from typing import Literal

from matops.core.learning.transfer import TransferConfig


@dataclass(frozen=True)
class TrainingConfig:
    """How an ensemble is trained.

    The schedule is fixed: no row outside the training set decides when to stop.
    """

    members: int = 5  # networks in the ensemble; they differ in seed only
    epochs: int = 100  # passes over the training rows
    batch_size: int = 64  # samples a step
    learning_rate: float = 3e-3  # peak of the one-cycle schedule
    weight_decay: float = 1e-2  # decoupled weight decay of AdamW
    warm_up: float = 0.1  # share of the steps on which the learning rate rises
    loss: Literal["mse", "mae", "huber"] = "mse"  # on standardised targets
    gradient_clip: float = 5.0  # largest norm of the gradient
    seed: int = 0  # seed of weights and of the order of rows
    # threads of one member on a CPU; small networks are fastest with one, and members train side by
    # side
    cpu_threads: int = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"  # ``auto`` takes a GPU when there is one
    mixed_precision: bool = True  # bfloat16 on a GPU; the CPU always computes in float32
    # how a network learns on where it starts from another one's weights
    transfer: TransferConfig = field(default_factory=TransferConfig)

    def __post_init__(self) -> None:
        for name in ("members", "epochs", "batch_size", "cpu_threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, not {self.learning_rate:g}")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"warm_up is a share from 0 to below 1, not {self.warm_up:g}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, not {self.seed}")
