"""A training that is killed at any moment ends as one that was left alone, to the last bit."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path
from uuid import uuid4

import pytest
import torch
from safetensors.torch import load_file

from devtools.object_store import BUCKET, ObjectStore
from matops.adapters.storage.file_store import FileStore
from matops.artifacts.jsonfile import read_json
from matops.artifacts.model.model import LOG, WEIGHTS, TrainingLog
from matops.core.learning.checkpoint import STOPPED_STATUS
from tests.support.training_process import prepare, start_training

KILLS = 12
LONGEST_S = 1.5
"""Until the kill; a start takes some tenths of a second, the whole training some seconds."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    threads = torch.get_num_threads()
    found = prepare(tmp_path_factory.mktemp("training"))
    torch.set_num_threads(threads)
    return found


@pytest.fixture(scope="module")
def unbroken(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken")
    process = start_training(prepared, out, None)
    process.join()
    assert process.exitcode == 0
    return out


@pytest.fixture
def place(server: ObjectStore | None, tmp_path: Path) -> FileStore:
    if server is None:
        return FileStore(str(tmp_path / "kept"))
    return FileStore(f"s3://{BUCKET}/{uuid4().hex}", server.endpoint, 5.0)


def assert_same(out: Path, other: Path) -> None:
    """Weights and losses are equal to the last bit."""
    first, second = load_file(out / WEIGHTS), load_file(other / WEIGHTS)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert read_json(out / LOG, TrainingLog) == read_json(other / LOG, TrainingLog)


@pytest.mark.slow
def test_killed_at_random_it_ends_as_if_it_had_been_left_alone(
    prepared: Path, unbroken: Path, place: FileStore, tmp_path: Path
) -> None:
    draw, killed = random.Random(0), 0
    while True:
        # Its own disk is lost with a pod: nothing but the checkpoints is left.
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        process = start_training(prepared, tmp_path / "out", place)
        if killed < KILLS:
            process.join(draw.uniform(0.1, LONGEST_S))
        else:
            process.join()
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        killed += 1
    assert process.exitcode == 0
    assert killed >= 3
    assert_same(tmp_path / "out", unbroken)


@pytest.mark.parametrize(
    ("workers", "stops_wanted"), [(1, 2), pytest.param(2, 1, marks=pytest.mark.slow)]
)
def test_told_to_stop_it_keeps_its_state_and_says_so_by_its_exit_status(
    prepared: Path, unbroken: Path, tmp_path: Path, workers: int, stops_wanted: int
) -> None:
    place, stops = FileStore(str(tmp_path / "kept")), 0
    while True:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        process = start_training(prepared, tmp_path / "out", place, workers)
        begun = wait_for_checkpoint(tmp_path / "kept", process.is_alive)
        if begun and stops < stops_wanted:
            process.terminate()
        process.join()
        if process.exitcode != STOPPED_STATUS:
            break
        stops += 1
    assert process.exitcode == 0
    assert stops == stops_wanted
    assert_same(tmp_path / "out", unbroken)
    assert not list((tmp_path / "kept").iterdir())


def wait_for_checkpoint(directory: Path, alive: object) -> bool:
    """Wait until one more is written; False if the process ended before."""
    before = set(directory.rglob("*.safetensors"))
    while alive():  # type: ignore[operator]
        if set(directory.rglob("*.safetensors")) - before:
            return True
        time.sleep(0.01)
    return False
