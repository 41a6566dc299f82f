"""Runs on this machine: the compiled pipeline, and training and evaluation step by step."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matops.adapters.local_pipeline import run_pipeline
from matops.artifacts.jsonfile import read_json, write_json
from matops.artifacts.package import read_card
from matops.core.card import Card
from matops.core.errors import BadInput
from matops.core.retraining import RetrainingDecision
from matops.core.training import Progress
from matops.entrypoints.decision_text import read_considered
from matops.entrypoints.settings import Settings, read_settings
from matops.entrypoints.workflow import (
    current_data,
    evaluate_model,
    find_package,
    prepare_samples,
    train_model,
)
from matops.families import get_family
from matops.steps.evaluate import PACKAGE

Listener = Callable[[str], None]


@dataclass(frozen=True)
class RunRequest:
    """What a directory of ``matops train`` was asked for."""

    family: str
    preset: str
    changes: str
    init_from: str


def compiled_pipeline(settings: Settings, name: str) -> Path:
    """Compile the project's pipelines and return one's Kubeflow IR YAML.

    Raises:
        BadInput: no such pipeline, or no checkout of the project here.
    """
    source = settings.project / "pipelines" / f"{name}.py"
    if not source.is_file():
        raise BadInput(f"{source}: no such pipeline; run from the checkout, or set MATOPS_PROJECT")
    out = (settings.workspace / ".matops" / "pipelines").resolve()
    command = [sys.executable, "-m", "pipelines", str(out)]
    done = subprocess.run(  # noqa: S603
        command, cwd=settings.project, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BadInput(f"{source}: does not compile: {done.stderr.strip().splitlines()[-1]}")
    return out / f"{name}.yaml"


@dataclass(frozen=True)
class Asked:
    """What a pipeline is run on.

    Attributes:
        family: family of the model.
        preset: configuration preset.
        source: what to ingest first; empty for nothing.
        changes: changed configuration fields.
        init_from: package, or version in the workspace, from which to start; empty for none.
    """

    family: str
    preset: str
    source: str
    changes: dict[str, Any]
    init_from: str


def run_train_and_release(asked: Asked, listen: Listener) -> tuple[Card, Path]:
    """Run the pipeline here, and return the candidate's card and the evaluation.

    ``listen`` gets every line that the steps print.
    """
    evaluation = Path(_run("train_and_release", asked, listen)["evaluation"].path)
    return read_card(evaluation / PACKAGE), evaluation


def run_retrain_on_new_data(
    asked: Asked, listen: Listener
) -> tuple[RetrainingDecision, tuple[Card, Path] | None]:
    """Run the pipeline here, and return the decision; where it trained, card and evaluation too.

    ``listen`` gets every line that the steps print.
    """
    outputs = _run("retrain_on_new_data", asked, listen)
    decision = read_considered(Path(outputs["decision"].path)).decision
    if not decision.retrain:
        return decision, None
    evaluation = Path(outputs["evaluation"])
    return decision, (read_card(evaluation / PACKAGE), evaluation)


def _run(pipeline: str, asked: Asked, listen: Listener) -> dict[str, Any]:
    """Run a pipeline here, step by step, and return its outputs."""
    found, settings = get_family(asked.family), read_settings()
    start = str(find_package(found, asked.init_from).resolve()) if asked.init_from else ""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return run_pipeline(
        compiled_pipeline(settings, pipeline),
        {**asdict(asked), "changes": json.dumps(asked.changes), "init_from": start},
        (settings.runs / f"{pipeline}-{stamp}").resolve(),
        {"MATOPS_WORKSPACE": str(settings.workspace.resolve())},
        listen,
    )


def train_here(
    family: str,
    preset: str,
    changes: dict[str, Any],
    init_from: str,
    out: Path,
    progress: Progress,
) -> Path:
    """Prepare the versioned data in ``out`` and train there; again, it resumes.

    ``init_from`` names a package, or a version in the workspace, to start from; empty for none.

    Returns:
        Directory of the model.
    """
    text = json.dumps(changes)
    data = current_data(get_family(family))
    prepare_samples(family, preset, text, data.directory, data.version, out / "prepared")
    write_json(out / "request.json", RunRequest(family, preset, text, init_from))
    train_model(family, preset, text, out / "prepared", out / "model", init_from, progress)
    return out / "model"


def evaluate_here(directory: Path) -> tuple[Card, Path]:
    """Evaluate what :func:`train_here` left, and return the card and the evaluation."""
    asked = read_json(directory / "request.json", RunRequest)
    evaluation = directory / "evaluation"
    shutil.rmtree(evaluation, ignore_errors=True)
    evaluate_model(
        asked.family,
        asked.preset,
        asked.changes,
        directory / "prepared",
        directory / "model",
        evaluation,
    )
    return read_card(evaluation / PACKAGE), evaluation
