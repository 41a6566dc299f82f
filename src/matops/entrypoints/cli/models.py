"""Commands that make models."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from matops.adapters.local_pipeline import run_pipeline
from matops.artifacts.jsonfile import read_json, write_json
from matops.artifacts.package import read_card
from matops.core.card import Card
from matops.core.errors import BadInput
from matops.entrypoints.cli.options import Changes, FamilyName, FamilyOption, Json, Preset
from matops.entrypoints.cli.output import print_json, screen, side
from matops.entrypoints.configuration import parse_changes
from matops.entrypoints.progress import StepBars
from matops.entrypoints.settings import Settings, read_settings
from matops.entrypoints.verdict_text import measurement_table, verdict_table
from matops.entrypoints.workflow import (
    current_data,
    evaluate_model,
    prepare_samples,
    release_package,
    train_model,
)
from matops.families import get_family
from matops.steps.evaluate import PACKAGE, REPORT


@dataclass(frozen=True)
class RunRequest:
    """What a directory of ``matops train`` was asked for."""

    family: str
    preset: str
    changes: str


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


def run_train_and_release(
    family: str, preset: str, source: str, changes: dict[str, Any]
) -> tuple[Card, Path]:
    """Run the pipeline here, step by step, and return the candidate's card and the evaluation."""
    settings = read_settings()
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    root = (settings.runs / f"train_and_release-{stamp}").resolve()
    arguments = {"family": family, "preset": preset, "source": source}
    with StepBars(side) as bars:
        outputs = run_pipeline(
            compiled_pipeline(settings, "train_and_release"),
            {**arguments, "changes": json.dumps(changes)},
            root,
            {"MATOPS_WORKSPACE": str(settings.workspace.resolve())},
            bars.listen,
        )
    evaluation = Path(outputs["evaluation"].path)
    return read_card(evaluation / PACKAGE), evaluation


def print_outcome(card: Card, evaluation: Path, as_json: bool) -> None:
    """The verdict, every metric, and where the report is."""
    if as_json:
        print_json(
            {
                "accepted": card.verdict.accepted,
                "version": card.version,
                "package": str(evaluation / PACKAGE),
                "report": str(evaluation / REPORT),
                "measurements": {name: asdict(m) for name, m in card.measurements.items()},
                "failed_gates": [result.gate.name for result in card.verdict.failures],
            }
        )
        return
    screen.print(measurement_table(card.measurements))
    screen.print(verdict_table(card))
    screen.print(f"report: {evaluation / REPORT}", soft_wrap=True, highlight=False)
    screen.print(f"package: {evaluation / PACKAGE}", soft_wrap=True, highlight=False)


def run(
    pipeline: Annotated[str, typer.Argument(help="A pipeline, as in train_and_release")],
    family: FamilyOption,
    preset: Preset = "full",
    source: Annotated[
        str, typer.Option(help="Ingest this first: 'simulation' or a path; default: nothing")
    ] = "",
    changes: Changes = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Run a Kubeflow pipeline on this machine: train, evaluate, and release if all gates pass.

    The exit status is 1 if the gates rejected the model.
    """
    if pipeline != "train_and_release":
        raise BadInput(f"no pipeline is called {pipeline!r}; there is: train_and_release")
    get_family(family)
    card, evaluation = run_train_and_release(family, preset, source, parse_changes(changes))
    print_outcome(card, evaluation, as_json)
    if not card.verdict.accepted:
        raise typer.Exit(1)


def train(
    family: FamilyName,
    out: Annotated[Path, typer.Option(help="Directory for samples and model")],
    preset: Preset = "full",
    changes: Changes = [],  # noqa: B006
) -> None:
    """Train on the versioned data, step by step; the same command again resumes.

    Follow with: matops evaluate OUT
    """
    text = json.dumps(parse_changes(changes))
    data = current_data(get_family(family))
    prepare_samples(family, preset, text, data.directory, data.version, out / "prepared")
    write_json(out / "request.json", RunRequest(family, preset, text))
    with StepBars(side) as bars:
        train_model(family, preset, text, out / "prepared", out / "model", bars.report("train"))
    screen.print(f"model: {out / 'model'}", soft_wrap=True, highlight=False)


def evaluate(
    directory: Annotated[Path, typer.Argument(help="Directory that matops train wrote")],
    release: Annotated[bool, typer.Option(help="Release the package if all gates pass")] = False,
    as_json: Json = False,
) -> None:
    """Measure a trained model on held-out rows and judge it.

    The exit status is 1 if the gates rejected the model.
    """
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
    card = read_card(evaluation / PACKAGE)
    print_outcome(card, evaluation, as_json)
    if not card.verdict.accepted:
        raise typer.Exit(1)
    if release:
        release_package(evaluation, directory / "released")


COMMANDS = (run, train, evaluate)
