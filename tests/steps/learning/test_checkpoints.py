"""Checkpoints of a training: the last two, never a damaged one, never another training's."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from matops.adapters.storage.file_store import FileStore
from matops.artifacts.model.checkpoint import encode_checkpoint
from matops.core.errors import BadInput
from matops.core.learning.checkpoint import Checkpoint
from matops.core.learning.training import EpochLog
from matops.processes.retry import RetryPolicy
from matops.steps.learning.checkpoints import CheckpointPolicy, KeptCheckpoints, drop_checkpoints

CPU = torch.device("cpu")


def at(steps: int) -> Checkpoint:
    tensors = {"network/weight": torch.full((50,), float(steps))}
    return Checkpoint((EpochLog(0, 0, 0.5),), steps, 0.0, steps, 1e-3, tensors)


@pytest.fixture
def policy(tmp_path: Path) -> CheckpointPolicy:
    return CheckpointPolicy(FileStore(str(tmp_path / "kept")), every_s=1e9)


@pytest.fixture
def kept(policy: CheckpointPolicy) -> KeptCheckpoints:
    return KeptCheckpoints(policy, "key", CPU)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "kept" / "key").iterdir())


def test_the_last_two_are_kept_and_the_last_is_found(kept: KeptCheckpoints, tmp_path: Path) -> None:
    assert kept.latest() is None
    for steps in (8, 9, 10, 11):
        kept.save(at(steps))
    assert [path.name.split("-")[0] for path in files(tmp_path)] == ["000000010", "000000011"]
    found = kept.latest()
    assert found is not None
    assert found.steps == 11
    assert torch.equal(found.tensors["network/weight"], torch.full((50,), 11.0))


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_after_a_damaged_one_the_one_before_is_taken_and_a_line_says_so(
    kept: KeptCheckpoints, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    kept.save(at(10))
    kept.save(at(11))
    last = files(tmp_path)[-1]
    content = last.read_bytes()
    flipped = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
    last.write_bytes({"cut": content[:-5], "flipped": flipped, "emptied": b""}[damage])
    with caplog.at_level(logging.WARNING):
        found = kept.latest()
    assert found is not None
    assert found.steps == 10
    (line,) = [record.getMessage() for record in caplog.records]
    assert last.name in line
    assert "damaged" in line
    assert "\n" not in line


def test_with_all_damaged_the_training_starts_anew(
    kept: KeptCheckpoints, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.save(at(10))
    kept.save(at(11))
    for path in files(tmp_path):
        path.write_bytes(path.read_bytes()[:-1])
    assert kept.latest() is None
    assert len(caplog.records) == 2


def test_another_trainings_checkpoint_is_not_taken_up(
    kept: KeptCheckpoints, policy: CheckpointPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    other = KeptCheckpoints(policy, "other", CPU)
    other.save(at(20))
    assert kept.latest() is None
    # Not even where somebody copied it: the file says of which training it is.
    (name,) = policy.store.names("other")
    policy.store.write(f"key/{name}", policy.store.read(f"other/{name}"))
    assert kept.latest() is None
    assert "of another training" in caplog.text


def test_a_place_that_can_not_be_written_costs_a_line_and_no_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    policy = CheckpointPolicy(FileStore(str(tmp_path / "file")), 0.0)
    KeptCheckpoints(policy, "key", CPU).save(at(1))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("no checkpoint was kept: ")


def test_a_place_that_can_not_be_read_is_refused_before_anything_is_trained() -> None:
    place = FileStore(
        "s3://bucket/kept", "http://127.0.0.1:1", 0.2, RetryPolicy(attempts=2, pause_s=0.01)
    )
    with pytest.raises(BadInput, match=r"^s3://bucket/kept/key: "):
        KeptCheckpoints(CheckpointPolicy(place), "key", CPU).latest()


def test_one_is_due_when_the_time_between_two_is_over(
    policy: CheckpointPolicy, kept: KeptCheckpoints
) -> None:
    assert not kept.due()
    assert KeptCheckpoints(CheckpointPolicy(policy.store, 0.0), "key", CPU).due()


def test_a_finished_trainings_checkpoints_are_dropped_and_no_other(
    kept: KeptCheckpoints, policy: CheckpointPolicy, tmp_path: Path
) -> None:
    other = KeptCheckpoints(policy, "other", CPU)
    for each in (kept, other):
        each.save(at(1))
    (tmp_path / "kept/key/000000002-x.safetensors.unfinished").write_bytes(b"half")
    drop_checkpoints(policy, "key")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["other"]
    drop_checkpoints(policy, "key")


def test_file_names_do_not_depend_on_anything_but_content(kept: Any, tmp_path: Path) -> None:
    kept.save(at(3))
    (first,) = files(tmp_path)
    assert first.read_bytes() == encode_checkpoint(at(3), "key")
    kept.save(at(3))
    assert files(tmp_path) == [first]
