"""One network of a training: what it learns from, its checkpoints, and what it leaves."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from matops.artifacts.data.prepared import Prepared
from matops.artifacts.jsonfile import to_json
from matops.artifacts.model.model import MemberLog, read_member, write_member
from matops.artifacts.reached_code import code_digest
from matops.core.family import Family, FamilyConfig
from matops.core.learning.ranks import Ranks
from matops.core.learning.scaling import scaling_for
from matops.core.learning.training import Ensemble, choose_device
from matops.core.learning.transfer import Start
from matops.core.progress import Progress
from matops.steps.learning.checkpoints import CheckpointPolicy, KeptCheckpoints
from matops.steps.learning.features import FEATURES_OF


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
    members = (*FEATURES_OF, "targets", "network", "fit_member")
    return code_digest(family, config, members, (Prepared, training_rows, scaling_for))


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
) -> None:
    """Train one network and leave it in ``out``, unless it is there already.

    Of processes that train together, the first one writes.

    Raises:
        TrainingStopped: the process was told to stop; the last checkpoint has all that was done.
    """
    family, config, key = prepared.family, prepared.config, training_key(prepared, start)
    build = partial(family.network, config)
    if read_member(out, task.name, key, build):
        progress(config.training.epochs, config.training.epochs, "kept from before")
        return
    rows = training_rows(prepared, task.share)
    features, scaled = prepared.features.take(rows), prepared.scaled_targets().take(rows.numpy())
    scaling = scaling_for(build, features, scaled, start)
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
