"""A training that was interrupted: what is kept of it, and how it is told to stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from matops.core.learning.training import EpochLog

STOPPED_STATUS = 75
"""Exit status of a training that was told to stop and can go on: ``EX_TEMPFAIL`` of sysexits.h."""


class TrainingStopped(SystemExit):
    """The training was told to stop, and did after it had kept its state.

    Where nobody catches it, the process ends with :data:`STOPPED_STATUS`.
    """

    def __init__(self, status: int = STOPPED_STATUS) -> None:
        super().__init__(status)


@dataclass(frozen=True)
class Checkpoint:
    """A training between two batches: all that the rest of it depends on."""

    log: tuple[EpochLog, ...]  # the finished epochs
    batches: int  # batches done of the epoch under way
    loss_sum: float  # loss of these batches, summed over their rows
    steps: int  # steps of the optimiser
    learning_rate: float  # of the next step
    # weights, moments of the optimiser and states of the random numbers
    tensors: Mapping[str, Tensor]


class Checkpoints(Protocol):
    """Where the unfinished training of one network is kept."""

    def latest(self) -> Checkpoint | None:
        """The last whole checkpoint of this training, or None while there is none."""

    def due(self) -> bool:
        """Whether it is time for another one."""

    def stopping(self) -> bool:
        """Whether this process was told to stop."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint, whose tensors change after this call.

        One that can't be kept costs a warning, not the training.
        """
