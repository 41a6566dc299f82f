"""A checkpoint as one safetensors file: tensors, and checked JSON in its header."""

import json
from dataclasses import dataclass

from safetensors import SafetensorError
from safetensors.torch import load, save

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput
from matops.core.learning.checkpoint import Checkpoint
from matops.core.learning.training import EpochLog

FORMAT = 1
STATE = "state"
LENGTH_BYTES = 8
"""A safetensors file begins with the length of its header."""


@dataclass(frozen=True)
class _State:
    """What is no tensor."""

    format: int
    key: str
    log: tuple[EpochLog, ...]
    batches: int
    loss_sum: float
    steps: int
    learning_rate: float


def encode_checkpoint(now: Checkpoint, key: str) -> bytes:
    """The file's content; ``key`` says of which training it is."""
    state = _State(FORMAT, key, now.log, now.batches, now.loss_sum, now.steps, now.learning_rate)
    return save(dict(now.tensors), {STATE: to_json(state).decode()})


def decode_checkpoint(content: bytes, key: str, name: str) -> Checkpoint:
    """A checkpoint from a file's content.

    Raises:
        BadInput: it is damaged, or of another training; the message begins with ``name``.
    """
    try:
        tensors = load(content)
        end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
        text = json.loads(content[LENGTH_BYTES:end])["__metadata__"][STATE]
    except (SafetensorError, KeyError, ValueError):
        raise BadInput(f"{name}: no whole checkpoint") from None
    state = from_json(str(text).encode(), _State, name)
    if (state.format, state.key) != (FORMAT, key):
        raise BadInput(f"{name}: of another training")
    return Checkpoint(
        state.log, state.batches, state.loss_sum, state.steps, state.learning_rate, tensors
    )
