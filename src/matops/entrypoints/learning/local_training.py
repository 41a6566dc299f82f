"""Training and evaluation on this machine, step by step."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.artifacts.jsonfile import read_json, write_json
from matops.core.progress import Progress
from matops.entrypoints.configuration import family_config
from matops.entrypoints.data.ingestion import current_data
from matops.entrypoints.learning.ranks import joined_ranks
from matops.entrypoints.learning.workflow import evaluate_model, prepare_samples, train_model
from matops.families import get_family


@dataclass(frozen=True)
class RunRequest:
    """What a directory of ``matops train`` was asked for."""

    family: str
    preset: str
    changes: str
    init_from: str  # package, or version in the workspace, from which to start; empty for none


def train_here(
    family: str,
    preset: str,
    changes: dict[str, Any],
    init_from: str,
    out: Path,
    progress: Progress,
    processes: int = 1,
) -> Path | None:
    """Prepare the versioned data in ``out``, train there, and return the model's directory.

    Again, it resumes. Where torchrun started this process, the first of its processes prepares and
    all train; the others return None.
    """
    text = json.dumps(changes)
    _, config = family_config(family, preset, text)
    model = out / "model"
    with joined_ranks(config.training.device) as ranks:
        if ranks.first:
            data = current_data(get_family(family))
            prepare_samples(family, preset, text, data.directory, data.version, out / "prepared")
            write_json(out / "request.json", RunRequest(family, preset, text, init_from))
        ranks.wait()
        train_model(family, preset, text, out / "prepared", model, init_from, progress, processes)
    return model if ranks.first else None


def evaluate_here(directory: Path) -> Path:
    """Evaluate what :func:`train_here` left, and return the directory of the evaluation."""
    request, evaluation = (
        read_json(directory / "request.json", RunRequest),
        directory / "evaluation",
    )
    shutil.rmtree(evaluation, ignore_errors=True)
    prepared, model = directory / "prepared", directory / "model"
    evaluate_model(request.family, request.preset, request.changes, prepared, model, evaluation)
    return evaluation
