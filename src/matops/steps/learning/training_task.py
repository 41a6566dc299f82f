"""One network of a training: what it learns from, its checkpoints, and what it leaves."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from matops.artifacts.data.prepared import Prepared
from matops.artifacts.jsonfile import read_json, to_json, write_json
from matops.artifacts.model.model import MemberLog, read_member, write_member
from matops.artifacts.reached_code import code_digest
from matops.core.family import Family, FamilyConfig
from matops.core.learning.corrections import Choice, Lesson, choose_way
from matops.core.learning.ranks import Ranks
from matops.core.learning.training import choose_device
from matops.core.learning.transfer import Start, Way
from matops.core.progress import Progress
from matops.steps.learning.checkpoints import CheckpointPolicy, KeptCheckpoints
from matops.steps.learning.features import FEATURES_OF

CHOICE = "choice.json"


@dataclass(frozen=True)
class KeptChoice:
    """How a training learns on, so that one that goes on does not choose anew."""

    key: str  # of the training
    choice: Choice | None


@dataclass(frozen=True)
class Task:
    """One network to train."""

    name: str
    member: int  # number that shifts the seed
    share: float = 1.0  # share of the training groups it sees; 1 for the ensemble's members


def training_key(prepared: Prepared, start: Start | None) -> str:
    """Hash of data, configuration, start and code: only the same training resumes."""
    version = start.lineage[0].version if start else ""
    inputs = prepared.version.encode() + to_json(prepared.config) + version.encode()
    code = training_code(prepared.family, prepared.config)
    return hashlib.sha256(inputs + code).hexdigest()[:20]


def training_code(family: Family, config: FamilyConfig) -> bytes:
    """Digest of the code from which the weights follow."""
    members = (*FEATURES_OF, "targets", "network", "fit_member", "fit_line")
    return code_digest(family, config, members, (Prepared, training_rows, Lesson, choose_way))


def checkpoint_key(prepared: Prepared, start: Start | None, task: Task) -> str:
    """Names the checkpoints of one network: its training and its rows."""
    rows = "\x1f".join(prepared.records[i].id for i in training_rows(prepared, task.share).tolist())
    inputs = f"{training_key(prepared, start)}\x1e{task.name}\x1e{rows}"
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:20]
    return f"{prepared.family.name}-{task.name}-{digest}"


def training_rows(prepared: Prepared, share: float) -> Tensor:
    """Training rows of the first ``share`` of the groups in a fixed order: more holds less."""
    rows = prepared.rows("train")
    groups = prepared.groups[rows.numpy()]
    names = np.random.default_rng(0).permutation(np.unique(groups))
    chosen = names[: max(2, round(share * len(names)))]
    return rows[torch.from_numpy(np.isin(groups, chosen))]


def run_task(
    prepared: Prepared,
    task: Task,
    out: Path,
    progress: Progress,
    start: Start | None = None,
    policy: CheckpointPolicy | None = None,
    way: Way = "fine_tuning",
) -> None:
    """Train one network and leave it in ``out``, unless it is there already.

    Of processes that train together, the first one writes.

    Raises:
        TrainingStopped: the process was told to stop; the last checkpoint has all that was done.
    """
    family, config, key = prepared.family, prepared.config, training_key(prepared, start)
    if read_member(out, task.name, key, partial(family.network, config)):
        progress(config.training.epochs, config.training.epochs, "kept from before")
        return
    checkpoints = _checkpoints(prepared, start, task, policy)
    ensemble, log = lesson_of(prepared, task.share, start).learn(
        way, task.member, task.member, progress, checkpoints
    )
    if Ranks.joined().first:
        write_member(out, task.name, ensemble, MemberLog(key, tuple(log)))


def lesson_of(prepared: Prepared, share: float, start: Start | None) -> Lesson:
    """What is learnt from the rows of a share of the training groups."""
    rows = training_rows(prepared, share)
    features, scaled = prepared.features.take(rows), prepared.scaled_targets().take(rows.numpy())
    return Lesson(prepared.family, prepared.config, features, scaled, start)


def choose_way_once(prepared: Prepared, out: Path, start: Start | None) -> Choice | None:
    """How all networks of a training learn on from a start; kept in ``out``.

    Of processes that train together, the first one writes.
    """
    path, key = out / CHOICE, training_key(prepared, start)
    if path.is_file() and (kept := read_json(path, KeptChoice)).key == key:
        return kept.choice
    groups = prepared.groups[training_rows(prepared, 1.0).numpy()].tolist()
    choice = choose_way(lesson_of(prepared, 1.0, start), groups)
    if Ranks.joined().first:
        write_json(path, KeptChoice(key, choice))
    return choice


def _checkpoints(
    prepared: Prepared, start: Start | None, task: Task, policy: CheckpointPolicy | None
) -> KeptCheckpoints | None:
    if policy is None:
        return None
    device = choose_device(prepared.config.training.device)
    return KeptCheckpoints(policy, checkpoint_key(prepared, start, task), device)
