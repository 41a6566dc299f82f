"""Checkpoints of one network's training: named by their content, the last two are kept."""

import hashlib
import logging
import time
from dataclasses import dataclass, field

import torch

from matops.artifacts.model.checkpoint import decode_checkpoint, encode_checkpoint
from matops.core.errors import BadInput
from matops.core.learning.checkpoint import Checkpoint
from matops.core.learning.ranks import Ranks
from matops.steps.learning.stopping import told_to_stop
from matops.steps.ports import CheckpointStore

log = logging.getLogger(__name__)

KEPT = 2
"""The one before the last is there for when the last one is damaged."""


@dataclass(frozen=True)
class CheckpointPolicy:
    """Where and how often unfinished trainings are kept."""

    store: CheckpointStore  # directory or bucket
    every_s: float = 60.0  # time between two checkpoints of a network, in seconds


@dataclass
class KeptCheckpoints:
    """The checkpoints of one network; of several processes that train it, the first one's."""

    policy: CheckpointPolicy
    key: str  # hash of all that the training depends on: another one's are never taken up
    device: torch.device
    saved_at: float = field(default_factory=time.monotonic)

    def latest(self) -> Checkpoint | None:
        """The last whole one; a damaged one is named in a line, and the one before it is taken.

        Raises:
            BadInput: the place can't be read.
        """
        ranks = Ranks.joined()
        content = ranks.hand_round(self._read() if ranks.first else b"", self.device)
        return decode_checkpoint(content, self.key, self.key) if content else None

    def due(self) -> bool:
        """Whether the time between two is over."""
        return time.monotonic() - self.saved_at >= self.policy.every_s

    def stopping(self) -> bool:
        """Whether this process was told to stop."""
        return told_to_stop()

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep it and drop those before the last two."""
        content = encode_checkpoint(checkpoint, self.key)
        name = f"{checkpoint.steps:09d}-{_digest(content)}.safetensors"
        store = self.policy.store
        try:
            store.write(f"{self.key}/{name}", content)
            for old in sorted(store.names(self.key))[:-KEPT]:
                store.remove(f"{self.key}/{old}")
        except BadInput as error:
            log.warning("no checkpoint was kept: %s", error)
        self.saved_at = time.monotonic()

    def _read(self) -> bytes:
        """Content of the last whole checkpoint; empty if there is none."""
        store = self.policy.store
        for name in sorted(store.names(self.key), reverse=True):
            where = f"{store.address}/{self.key}/{name}"
            content = store.read(f"{self.key}/{name}")
            try:
                if _digest(content) not in name:
                    raise BadInput(f"{where}: damaged: its content is not what its name says")
                decode_checkpoint(content, self.key, where)
            except BadInput as error:
                log.warning("%s; the one before it is taken", error)
                continue
            return content
        return b""


def drop_checkpoints(policy: CheckpointPolicy, key: str) -> None:
    """Remove the checkpoints of a finished training; what stays behind is only named."""
    try:
        for name in policy.store.names(key):
            policy.store.remove(f"{key}/{name}")
    except BadInput as error:
        log.warning("a checkpoint of the finished training is left: %s", error)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:20]
