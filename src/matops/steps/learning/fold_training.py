"""One network of a cross-validation: trained on some rows, asked about others, kept on disk."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from matops.artifacts.jsonfile import read_json, to_json, write_json
from matops.artifacts.model.start import read_start
from matops.core.data.split import SplitConfig
from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS
from matops.core.family import EvaluationConfig, Family, FamilyConfig
from matops.core.learning.corrections import Learner, Lesson, choose_way
from matops.core.learning.features import PackedFeatures
from matops.core.learning.transfer import TransferConfig
from matops.core.monitoring.retraining import RetrainingConfig
from matops.steps.learning.features import read_features
from matops.steps.learning.training_task import training_code


@dataclass(frozen=True)
class FoldTraining:
    """What one network is trained on and asked about."""

    key: str  # names everything that the answers depend on
    family: Family  # the family
    config: FamilyConfig  # how it is trained
    features: Path  # file with the features of all records
    train: NDArray[np.int64]  # rows that train
    truth: Tables  # their targets on the learning scale
    held_out: NDArray[np.int64]  # rows that are predicted
    member: int  # which member of the ensemble
    number: int  # shifts the seed; differs between members, folds and draws
    groups: NDArray[np.str_]  # group of each of the training rows
    start: Path | None = None  # package from which the weights start; None for random ones


@dataclass(frozen=True)
class FoldAnswers:
    """What it answered, and what it cost."""

    # columns of targets on the learning scale for each held-out row
    predicted: tuple[tuple[float, ...], ...]
    seconds: float  # time of the training, s
    seconds_per_epoch: float | None  # median over the epochs, s; None where the fit has none
    weights: int  # trainable numbers of the network
    # the same for each other axis, a row for each of the held-out rows' atoms
    ragged: dict[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)


def training_key(
    family: Family,
    config: FamilyConfig,
    train_ids: Sequence[str],
    held_out_ids: Sequence[str],
    number: int,
    start_version: str,
) -> str:
    """Hash of all that the answers depend on.

    Neither labels nor the size of the ensemble are part of it: a renamed variant and one more
    member leave what is done as it is. Without a start it does not matter how to learn on.
    """
    learns_on = replace(config.training.transfer, disjoint_data=False)
    transfer = learns_on if start_version else TransferConfig()
    relevant = replace(
        config,
        split=SplitConfig(),
        evaluation=EvaluationConfig(),
        retraining=RetrainingConfig(),
        training=replace(config.training, members=1, transfer=transfer),
    )
    rows = ("\x1f".join(ids) for ids in (train_ids, held_out_ids))
    inputs = "\x1e".join([family.name, *rows, str(number), start_version, ""]).encode()
    code = training_code(family, config)
    return hashlib.sha256(inputs + to_json(relevant) + code).hexdigest()[:24]


@lru_cache(maxsize=1)
def kept_features(path: Path, pointers: tuple[tuple[str, str], ...]) -> PackedFeatures:
    """The features last used: one process trains many networks on the same ones."""
    return read_features(path, dict(pointers))


def answers_file(directory: Path, key: str) -> Path:
    """Where the answers of a finished training are kept."""
    return directory / f"{key}.json"


def read_answers(directory: Path, key: str) -> FoldAnswers:
    """The answers of a finished training."""
    return read_json(answers_file(directory, key), FoldAnswers)


def train_fold(training: FoldTraining, directory: Path, learner: Learner | None = None) -> str:
    """Train one network, keep its answers in ``directory`` and return its key.

    The ``learner`` stands in for the family, as one that lets the training be watched.
    """
    features = kept_features(training.features, tuple(training.family.pointers.items()))
    family, config, truth = training.family, training.config, training.truth
    rows = features.take(torch.from_numpy(training.train))
    start = read_start(training.start, family, config) if training.start else None
    lesson, begun = Lesson(learner or family, config, rows, truth, start), time.perf_counter()
    choice = choose_way(lesson, training.groups.tolist())
    times = [time.perf_counter()]
    ensemble, _ = lesson.learn(
        choice.way if choice else "fine_tuning",
        training.number,
        training.member,
        lambda *_: times.append(time.perf_counter()),
    )
    seconds = time.perf_counter() - begun
    unseen = features.take(torch.from_numpy(training.held_out))
    predicted = ensemble.predict(unseen)
    tables = {axis: tuple(map(tuple, table[0].tolist())) for axis, table in predicted.items()}
    answers = FoldAnswers(
        predicted=tables.pop(SAMPLE_AXIS, ()),
        seconds=seconds,
        seconds_per_epoch=float(np.median(np.diff(times))) if len(times) > 1 else None,
        weights=sum(tensor.numel() for tensor in ensemble.networks[0].parameters()),
        ragged=tables,
    )
    write_json(answers_file(directory, training.key), answers)
    return training.key
