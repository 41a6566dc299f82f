"""Training in a process of its own, which a test may kill."""

from __future__ import annotations

import os
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from matops.adapters.storage.file_store import FileStore
from matops.families import get_family
from matops.steps.learning.checkpoints import CheckpointPolicy
from matops.steps.learning.preprocess import preprocess
from matops.steps.learning.train import train
from tests.steps.conftest import MemoryStore, make_alloys
from tests.support.forked import context

EVERY_S = 0.0
"""After each batch: most kills fall into the writing of a checkpoint."""


def tiny_config() -> Any:
    demo: Any = get_family("elastic_cgcnn").preset("demo")
    return replace(
        demo,
        network=replace(demo.network, atom_fea_len=8, n_conv=1, h_fea_len=16),
        training=replace(demo.training, members=2, epochs=8, batch_size=16, device="cpu"),
        evaluation=replace(demo.evaluation, learning_curve=(0.5,)),
    )


def prepare(directory: Path) -> Path:
    """Prepared samples of the made-up alloys."""
    family = get_family("elastic_cgcnn")
    data = MemoryStore(directory / "data").append(family, make_alloys(family))
    preprocess(family, data, tiny_config(), directory / "prepared", directory / "cache")
    return directory / "prepared"


def train_here(
    prepared: Path,
    out: Path,
    place: FileStore | None,
    workers: int,
    variables: dict[str, str],
) -> None:
    """Train the tiny ensemble, with a checkpoint after every batch."""
    os.environ.update(variables)
    torch.set_num_threads(1)
    policy = CheckpointPolicy(place, EVERY_S) if place else None
    family, quiet = get_family("elastic_cgcnn"), lambda *_: None
    train(prepared, family, tiny_config(), out, workers, quiet, policy=policy)


def start_training(
    prepared: Path, out: Path, place: FileStore | None, workers: int = 1
) -> BaseProcess:
    """A process that trains; what is left of it is what it wrote."""
    variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    process = context.Process(target=train_here, args=(prepared, out, place, workers, variables))
    process.start()
    return process
