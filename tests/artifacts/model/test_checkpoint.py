"""A checkpoint on disk is what it was, or it is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save

from matops.artifacts.model.checkpoint import decode_checkpoint, encode_checkpoint
from matops.core.errors import BadInput
from matops.core.learning.checkpoint import Checkpoint
from matops.core.learning.training import EpochLog

KEPT = Checkpoint(
    log=(EpochLog(2, 0, 0.1 + 0.2), EpochLog(2, 1, 1e-17)),
    batches=3,
    loss_sum=math.pi * 1e5,
    steps=17,
    learning_rate=1 / 3 * 1e-3,
    tensors={
        "network/weight": torch.randn(3, 4),
        "network/count": torch.tensor(7),
        "optimiser/0/step": torch.tensor(17.0),
        "random/order": torch.get_rng_state(),
    },
)


def test_every_number_comes_back_to_the_last_bit() -> None:
    found = decode_checkpoint(encode_checkpoint(KEPT, "k"), "k", "file")
    assert replace(found, tensors={}) == replace(KEPT, tensors={})
    assert found.tensors.keys() == KEPT.tensors.keys()
    for name, tensor in KEPT.tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)


def test_another_trainings_checkpoint_is_refused() -> None:
    with pytest.raises(BadInput, match="file: of another training"):
        decode_checkpoint(encode_checkpoint(KEPT, "other"), "k", "file")


def test_a_file_cut_anywhere_is_refused_in_one_line() -> None:
    content = encode_checkpoint(KEPT, "k")
    for length in (0, 1, 7, 8, 9, 100, len(content) // 2, len(content) - 1):
        with pytest.raises(BadInput, match=r"^file: ") as refused:
            decode_checkpoint(content[:length], "k", "file")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "state",
    [
        None,
        "not JSON",
        "[]",
        json.dumps({"format": 1, "key": "k"}),
        json.dumps({"format": 1, "key": "k", "log": [], "batches": "3", "loss_sum": 0.0}),
    ],
)
def test_a_file_with_another_state_is_refused(state: str | None) -> None:
    content = save({"weight": torch.zeros(2)}, None if state is None else {"state": state})
    with pytest.raises(BadInput, match=r"^file: "):
        decode_checkpoint(content, "k", "file")
