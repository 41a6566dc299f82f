"""Commands that make models."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.checks import field_values
from matops.entrypoints.cli.learning.fanout import screen_designs, simulate
from matops.entrypoints.cli.options import Changes, FamilyName, FamilyOption, InitFrom, Json, Preset
from matops.entrypoints.cli.output import print_json, screen, side

if TYPE_CHECKING:
    from matops.core.quality.card import Card
    from matops.entrypoints.pipelines.local_runs import PipelineRequest


def _outcome(card: "Card", evaluation: Path) -> dict[str, Any]:
    """The verdict for programs."""
    from matops.steps.quality.evaluate import PACKAGE, REPORT

    return {
        "accepted": card.verdict.accepted,
        "version": card.version,
        "package": str(evaluation / PACKAGE),
        "report": str(evaluation / REPORT),
        "measurements": {name: asdict(m) for name, m in card.measurements.items()},
        "failed_gates": [result.gate.name for result in card.verdict.failures],
    }


def print_outcome(card: "Card", evaluation: Path, as_json: bool) -> None:
    """The verdict, every metric, and where the report is."""
    from matops.entrypoints.learning.verdict_text import measurement_table, verdict_table
    from matops.steps.quality.evaluate import PACKAGE, REPORT

    if as_json:
        print_json(_outcome(card, evaluation))
        return
    screen.print(measurement_table(card.measurements))
    screen.print(verdict_table(card))
    screen.print(f"report: {evaluation / REPORT}", soft_wrap=True, highlight=False)
    screen.print(f"package: {evaluation / PACKAGE}", soft_wrap=True, highlight=False)


def _train_and_release(request: "PipelineRequest", as_json: bool) -> bool:
    """Run the pipeline, and return whether the model was accepted."""
    from matops.entrypoints.pipelines.local_runs import run_train_and_release
    from matops.entrypoints.progress import StepBars

    with StepBars(side) as bars:
        card, evaluation = run_train_and_release(request, bars.listen)
    print_outcome(card, evaluation, as_json)
    return card.verdict.accepted


def _retrain(request: "PipelineRequest", as_json: bool) -> bool:
    """Run the pipeline, and return whether the model was accepted, or none was needed."""
    from matops.entrypoints.monitoring.decision_text import decision_table
    from matops.entrypoints.pipelines.local_runs import run_retrain_on_new_data
    from matops.entrypoints.progress import StepBars

    with StepBars(side) as bars:
        decision, trained = run_retrain_on_new_data(request, bars.listen)
    if as_json:
        print_json({**asdict(decision), "outcome": _outcome(*trained) if trained else None})
    else:
        screen.print(decision_table(request.family, decision))
        if trained:
            print_outcome(*trained, as_json=False)
    return trained is None or trained[0].verdict.accepted


PIPELINES = {
    "train_and_release": _train_and_release,
    "retrain_on_new_data": _retrain,
    "simulate": simulate,
    "screen_designs": screen_designs,
}


def run(
    pipeline: Annotated[str, typer.Argument(help=f"A pipeline: {' or '.join(PIPELINES)}")],
    family: FamilyOption,
    preset: Annotated[
        str, typer.Option(help="Configuration: demo or full; default: the pipeline's, full")
    ] = "",
    source: Annotated[
        str, typer.Option(help="Ingest this first: 'simulation' or a path; default: nothing")
    ] = "",
    changes: Changes = [],  # noqa: B006
    init_from: InitFrom = "",
    parameters: Annotated[
        list[str],
        typer.Option(
            "--param",
            help="Another parameter of the pipeline, as in --param shards=8; repeatable",
            callback=field_values,
        ),
    ] = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Run a Kubeflow pipeline on this machine: train, evaluate, and release if all gates pass.

    retrain_on_new_data decides first whether that pays, and says why not where it doesn't. The
    exit status is 1 if the gates rejected the model. simulate and screen_designs split their work
    into shards; the same command again continues where it was interrupted.
    """
    from matops.entrypoints.configuration import parse_changes
    from matops.entrypoints.pipelines.project import check_pipelines
    from matops.entrypoints.settings import read_settings

    if pipeline not in PIPELINES:
        raise BadInput(f"no pipeline is called {pipeline!r}; there are: {', '.join(PIPELINES)}")
    check_pipelines(read_settings(), [pipeline])
    from matops.entrypoints.pipelines.local_runs import PipelineRequest

    further = parse_changes(parameters)
    request = PipelineRequest(family, preset, source, parse_changes(changes), init_from, further)
    if not PIPELINES[pipeline](request, as_json):
        raise typer.Exit(1)


def train(
    family: FamilyName,
    out: Annotated[Path, typer.Option(help="Directory for samples and model")],
    preset: Preset = "full",
    changes: Changes = [],  # noqa: B006
    init_from: InitFrom = "",
    processes: Annotated[
        int, typer.Option(min=1, help="Processes that train each network together")
    ] = 1,
) -> None:
    """Train on the versioned data, step by step; the same command again resumes.

    It also runs under torchrun, on several machines that share OUT. Told to stop by SIGTERM, it
    keeps its state and ends with exit status 75. Follow with: matops evaluate OUT
    """
    from matops.entrypoints.configuration import parse_changes
    from matops.entrypoints.learning.local_training import train_here
    from matops.entrypoints.progress import StepBars

    with StepBars(side) as bars:
        changed = parse_changes(changes)
        model = train_here(
            family, preset, changed, init_from, out, bars.reporter("train"), processes
        )
    if model:
        screen.print(f"model: {model}", soft_wrap=True, highlight=False)


def evaluate(
    directory: Annotated[Path, typer.Argument(help="Directory that matops train wrote")],
    release: Annotated[bool, typer.Option(help="Release the package if all gates pass")] = False,
    as_json: Json = False,
) -> None:
    """Measure a trained model on held-out rows and judge it.

    The exit status is 1 if the gates rejected the model.
    """
    if not directory.is_dir():
        raise BadInput(f"{directory}: no such file or directory")
    from matops.entrypoints.learning.local_training import evaluate_here
    from matops.entrypoints.learning.workflow import release_package

    card, evaluation = evaluate_here(directory)
    print_outcome(card, evaluation, as_json)
    if not card.verdict.accepted:
        raise typer.Exit(1)
    if release:
        release_package(evaluation, directory / "released")


COMMANDS = (run, train, evaluate)
