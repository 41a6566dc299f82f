"""One network of a training: what it learns from, its checkpoints, and what it leaves."""

import functools
import hashlib
import inspect
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import matops.core
from matops.artifacts.data.prepared import Prepared
from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.model import MemberLog, read_member, write_member
from matops.core.family import Family
from matops.core.learning.ranks import Ranks
from matops.core.learning.scaling import scaling_for
from matops.core.learning.training import Ensemble, choose_device
from matops.core.learning.transfer import Start
from matops.core.progress import Progress
from matops.steps.learning.checkpoints import CheckpointPolicy, KeptCheckpoints


@dataclass(frozen=True)
class Task:
    """One network to train.

    Attributes:
        name: name of its file.
        member: number that shifts the seed.
        share: share of the training groups it sees; 1 for the ensemble's members.
    """

    name: str
    member: int
    share: float = 1.0


def training_key(prepared: Prepared, start: Start | None) -> str:
    """Hash of data, configuration and start: only the same training resumes."""
    version = start.lineage[0].version if start else ""
    said = prepared.version.encode() + to_json(prepared.config) + version.encode()
    return hashlib.sha256(said).hexdigest()[:20]


def checkpoint_key(prepared: Prepared, start: Start | None, task: Task) -> str:
    """Names the checkpoints of one network: its training, its rows, and the code that trains."""
    rows = "\x1f".join(prepared.records[i].id for i in training_rows(prepared, task.share).tolist())
    said = f"{training_key(prepared, start)}\x1e{task.name}\x1e{rows}\x1e".encode()
    digest = hashlib.sha256(said + _code_of(type(prepared.family))).hexdigest()[:20]
    return f"{prepared.family.name}-{task.name}-{digest}"


@functools.cache
def _code_of(family: type[Family]) -> bytes:
    """What the weights follow from beside data and configuration; read once a process."""
    folders = Path(inspect.getfile(family)).parent, Path(matops.core.__file__).parent
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return torch.__version__.encode() + b"".join(path.read_bytes() for path in files)


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
) -> None:
    """Train one network and leave it in ``out``, unless it is there already.

    Of processes that train together, the first one writes.

    Raises:
        TrainingStopped: the process was told to stop; the last checkpoint has all that was done.
    """
    family, config, key = prepared.family, prepared.config, training_key(prepared, start)
    epochs = config.training.epochs
    build = partial(family.network, config)
    if read_member(out, task.name, key, build):
        progress(epochs, epochs, "kept from before")
        return
    rows = training_rows(prepared, task.share)
    features, scaled = prepared.features.take(rows), prepared.scaled_targets()[rows.numpy()]
    scaling = scaling_for(build, features, scaled, family.targets, start)
    network, log = family.fit_member(
        features,
        scaling.standard(scaled),
        config,
        task.member,
        progress,
        start.of_member(task.member) if start else None,
        _checkpoints(prepared, start, task, policy),
    )
    if Ranks.joined().first:
        ensemble = Ensemble([network], scaling.centre, scaling.scale)
        write_member(out, task.name, ensemble, MemberLog(key, tuple(log)))


def _checkpoints(
    prepared: Prepared, start: Start | None, task: Task, policy: CheckpointPolicy | None
) -> KeptCheckpoints | None:
    if policy is None:
        return None
    device = choose_device(prepared.config.training.device)
    return KeptCheckpoints(policy, checkpoint_key(prepared, start, task), device)
