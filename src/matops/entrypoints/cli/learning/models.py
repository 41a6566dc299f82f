"""Commands that make models."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.checks import field_values
from matops.entrypoints.cli.options import (
    Changes,
    FamilyName,
    FamilyOption,
    InitFrom,
    Json,
    Preset,
    Source,
    Split,
)
from matops.entrypoints.cli.output import print_json, print_line, print_table, side

if TYPE_CHECKING:
    from matops.core.quality.card import Card
    from matops.entrypoints.pipelines.local_runs import PipelineRequest


def run_and_show(pipeline: str, request: "PipelineRequest") -> dict[str, Any]:
    """Run a pipeline here with a bar for each step, and return its outputs."""
    from matops.entrypoints.pipelines.local_runs import run_here
    from matops.entrypoints.progress import GOES_ON, StepBars

    with StepBars(side, GOES_ON) as bars:
        return run_here(pipeline, request, bars.listen)


def _candidate(evaluation: Path) -> "tuple[Card, dict[str, str]]":
    """The card of an evaluation's candidate, and where report and package lie."""
    from matops.artifacts.model.evaluation import PACKAGE, REPORT
    from matops.artifacts.model.package import read_card

    report, package = evaluation / REPORT, evaluation / PACKAGE
    return read_card(package), {"report": str(report), "package": str(package)}


def _outcome(card: "Card", places: Mapping[str, str]) -> dict[str, Any]:
    """The verdict for programs."""
    return {
        "accepted": card.verdict.accepted,
        "version": card.version,
        **places,
        "measurements": {name: asdict(m) for name, m in card.measurements.items()},
        "failed_gates": [result.gate.name for result in card.verdict.failures],
    }


def _print_outcome(card: "Card", places: Mapping[str, str]) -> None:
    """The verdict, every metric, and where the report is."""
    from matops.entrypoints.learning.verdict_text import measurement_table, verdict_table

    print_table(measurement_table(card.measurements))
    print_table(verdict_table(card))
    for name, place in places.items():
        print_line(f"{name}: {place}")


def is_accepted(evaluation: Path, as_json: bool = False) -> bool:
    """Print the verdict of an evaluation, and return whether the model was accepted."""
    card, places = _candidate(evaluation)
    if as_json:
        print_json(_outcome(card, places))
    else:
        _print_outcome(card, places)
    return card.verdict.accepted


def _trained(outputs: Mapping[str, Any], as_json: bool) -> bool:
    return is_accepted(Path(outputs["evaluation"].path), as_json)


def _retrained(outputs: Mapping[str, Any], as_json: bool) -> bool:
    """Print the decision, and return whether the model was accepted, or none was needed."""
    from matops.entrypoints.monitoring.decision_text import decision_table, read_considered

    place = Path(outputs["decision"].path)
    considered = read_considered(place)
    decision = considered.decision
    if as_json:
        outcome = _outcome(*_candidate(_evaluation(place))) if decision.retrain else None
        print_json({**asdict(decision), "outcome": outcome})
        return outcome is None or bool(outcome["accepted"])
    print_table(decision_table(considered.family, decision))
    return not decision.retrain or is_accepted(_evaluation(place))


def _evaluation(decision: Path) -> Path:
    """What the run evaluated that began with a decision: its pipeline has no output that may be."""
    run = decision.parents[1]
    return next(run.glob("**/evaluate/evaluation"))


def _simulated(outputs: Mapping[str, Any], as_json: bool) -> bool:
    """Print the version of the data."""
    data = outputs["pointer"].metadata
    if as_json:
        print_json({"family": data["family"], "version": data["version"]})
    else:
        print_line(f"{data['family']} {data['version']}")
    return True


def _screened(outputs: Mapping[str, Any], as_json: bool) -> bool:
    """Print where the result of the screening lies, and what it counts."""
    result = outputs["result"]
    counts = {name: int(value) for name, value in sorted(result.metadata.items())}
    return _told({**counts, "directory": str(Path(result.path))}, as_json)


def _tuned(outputs: Mapping[str, Any], as_json: bool) -> bool:
    """Print where the preset file of the best configuration lies, and what it is worth."""
    preset = outputs["preset"]
    worth = dict(sorted(preset.metadata.items()))
    return _told({**worth, "preset": str(Path(preset.path))}, as_json)


def _told(summary: Mapping[str, Any], as_json: bool) -> bool:
    if as_json:
        print_json(summary)
    else:
        for name, value in summary.items():
            print_line(f"{name}: {value}")
    return True


PIPELINES = {
    "train_and_release": _trained,
    "retrain_on_new_data": _retrained,
    "simulate": _simulated,
    "screen_designs": _screened,
    "tune": _tuned,
}
SPLITTING = ("train_and_release", "retrain_on_new_data")
"""The pipelines that divide data."""


def run(
    pipeline: Annotated[str, typer.Argument(help=f"A pipeline: {' or '.join(PIPELINES)}")],
    family: FamilyOption,
    preset: Annotated[
        str, typer.Option(help="Configuration: demo, full or a file; default: the pipeline's, full")
    ] = "",
    source: Source = "",
    changes: Changes = [],  # noqa: B006
    init_from: InitFrom = "",
    split: Split = "",
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
    from matops.entrypoints.configuration import parse_changes, preset_and_changes
    from matops.entrypoints.pipelines.project import check_pipelines
    from matops.entrypoints.settings import read_settings

    if pipeline not in PIPELINES:
        raise BadInput(f"no pipeline is called {pipeline!r}; there are: {', '.join(PIPELINES)}")
    if split and pipeline not in SPLITTING:
        raise BadInput(f"--split: {pipeline} trains nothing; {' and '.join(SPLITTING)} do")
    check_pipelines(read_settings(), [pipeline])
    from matops.entrypoints.data.own_split import with_split
    from matops.entrypoints.pipelines.local_runs import PipelineRequest

    preset, fields = preset_and_changes(family, preset, changes)
    changed, further = with_split(fields, split), parse_changes(parameters)
    request = PipelineRequest(family, preset, source, changed, init_from, further)
    if not PIPELINES[pipeline](run_and_show(pipeline, request), as_json):
        raise typer.Exit(1)


def train(
    family: FamilyName,
    out: Annotated[Path, typer.Option(help="Directory for samples and model")],
    preset: Preset = "full",
    changes: Changes = [],  # noqa: B006
    init_from: InitFrom = "",
    split: Split = "",
    processes: Annotated[
        int, typer.Option(min=1, help="Processes that train each network together")
    ] = 1,
) -> None:
    """Train on the versioned data, step by step; the same command again resumes.

    It also runs under torchrun, on several machines that share OUT. Told to stop by SIGTERM, it
    keeps its state and ends with exit status 75. Follow with: matops evaluate OUT
    """
    from matops.entrypoints.configuration import preset_and_changes
    from matops.entrypoints.data.own_split import with_split
    from matops.entrypoints.learning.local_training import train_here
    from matops.entrypoints.progress import GOES_ON, StepBars

    with StepBars(side, GOES_ON) as bars:
        preset, fields = preset_and_changes(family, preset, changes)
        changed, report = with_split(fields, split), bars.reporter("train")
        model = train_here(family, preset, changed, init_from, out, report, processes)
    if model:
        print_line(f"model: {model}")


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
    from matops.entrypoints.learning.outcome import release_package

    evaluation = evaluate_here(directory)
    if not is_accepted(evaluation, as_json):
        raise typer.Exit(1)
    if release:
        release_package(evaluation, directory / "released")
