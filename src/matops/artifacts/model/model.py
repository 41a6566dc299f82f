"""A trained model between training and evaluation: weights, and how the training went."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import nn

from matops.artifacts.jsonfile import read_json, write_json
from matops.core.family import Family, FamilyConfig
from matops.core.learning.corrections import Choice
from matops.core.learning.training import Ensemble, EpochLog, restore_ensemble
from matops.core.learning.transfer import Ancestor

WEIGHTS, LOG = "weights.safetensors", "training.json"


@dataclass(frozen=True)
class LearningPoint:
    """Error of one network trained on a share of the training groups."""

    rows: int  # training rows
    mae: dict[str, float]  # by target, on the calibration rows, learning scale


@dataclass(frozen=True)
class TrainingLog:
    """How a training went."""

    key: str  # hash of data version and configuration, so that only the same training resumes
    device: str  # where it ran
    epochs: tuple[EpochLog, ...]  # loss by member and epoch
    learning_curve: tuple[LearningPoint, ...]  # error by number of training rows
    # the model it started from, and those before it, nearest first
    lineage: tuple[Ancestor, ...] = ()
    choice: Choice | None = None  # how it learnt on from it, where that was chosen


@dataclass(frozen=True)
class MemberLog:
    """The finished part of a training: one member's log."""

    key: str
    epochs: tuple[EpochLog, ...]


def write_model(directory: Path, ensemble: Ensemble, log: TrainingLog) -> None:
    """Store a trained ensemble."""
    save_file(ensemble.tensors(), directory / WEIGHTS)
    write_json(directory / LOG, log)


def read_model(
    directory: Path, family: Family, config: FamilyConfig
) -> tuple[Ensemble, TrainingLog]:
    """Read what :func:`write_model` wrote."""
    ensemble = family.restore(load_file(directory / WEIGHTS), config)
    return ensemble, read_json(directory / LOG, TrainingLog)


def write_member(directory: Path, name: str, ensemble: Ensemble, log: MemberLog) -> None:
    """Checkpoint a finished member; the log, written last, marks it as whole."""
    save_file(ensemble.tensors(), directory / f"{name}.safetensors")
    write_json(directory / f"{name}.json", log)


def read_member(
    directory: Path, name: str, key: str, build: Callable[[], nn.Module]
) -> tuple[Ensemble, MemberLog] | None:
    """A member's checkpoint, or None if it is not there or belongs to another training."""
    if not (directory / f"{name}.json").is_file():
        return None
    log = read_json(directory / f"{name}.json", MemberLog)
    if log.key != key:
        return None
    tensors = load_file(directory / f"{name}.safetensors")
    return restore_ensemble(build, tensors), log
