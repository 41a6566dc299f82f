"""Pipelines on Kubeflow: ``matops platform upload | run | schedule | status``."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.checks import field_values
from matops.entrypoints.cli.options import (
    Changes,
    FamilyOption,
    InitFrom,
    Json,
    Preset,
    Source,
    Split,
)
from matops.entrypoints.cli.output import print_aside, print_json, print_line, print_table, side
from matops.entrypoints.whole_table import WholeTable

if TYPE_CHECKING:
    from matops.entrypoints.pipelines.local_runs import PipelineRequest
    from matops.entrypoints.progress import StepBars
    from matops.steps.pipelines.pipeline_service import PipelineRun, StepState
    from matops.steps.pipelines.schedules import Rescheduled

Pipeline = Annotated[str, typer.Argument(help="A pipeline, as in train_and_release")]
Version = Annotated[str, typer.Option(help="Version of the pipeline; default: the newest")]
Parameters = Annotated[
    list[str],
    typer.Option(
        "--parameter",
        "-p",
        help="A further parameter, as in train_gpus=0; repeatable",
        callback=field_values,
    ),
]
Wait = Annotated[bool, typer.Option(help="Wait for the end, and show the steps")]
Retries = Annotated[int, typer.Option(help="How often a run that failed goes on", min=0)]
UNWELL = {"rejected": 1, "failed": 2, "cancelled": 2, "skipped": 2}
"""Exit status by outcome; all others are 0."""


def _request(
    family: str,
    preset: str,
    source: str,
    changes: list[str],
    init_from: str,
    split: str,
    parameters: list[str],
) -> "PipelineRequest":
    from matops.entrypoints.configuration import preset_and_changes
    from matops.entrypoints.data.own_split import with_split
    from matops.entrypoints.pipelines.local_runs import PipelineRequest

    further = dict(pair.split("=", 1) for pair in parameters)
    if split and not split.startswith("s3://"):
        raise BadInput(
            f"--split {split}: a cluster reads it from an address as s3://bucket/split.csv"
        )
    preset, fields = preset_and_changes(family, preset, changes)
    changed = with_split(fields, split)
    return PipelineRequest(family, preset, source, changed, init_from, further)


def upload(
    pipelines: Annotated[list[str] | None, typer.Argument(help="Pipelines; default: all")] = None,
    as_json: Json = False,
) -> None:
    """Upload pipelines as versions named by the commit; those that are there stay."""
    from matops.entrypoints.pipelines.platform import upload_pipelines

    uploads = upload_pipelines(pipelines or [])
    if any(upload.dirty for upload in uploads):
        side.print("not all of the code is committed: these versions can't be made again")
    if as_json:
        print_json([asdict(upload) for upload in uploads])
        return
    for upload in uploads:
        words = "uploaded" if upload.new else "there already"
        version = upload.version
        print_line(f"{version.pipeline} {version.version}: {words}")


def run(
    pipeline: Pipeline,
    family: FamilyOption,
    preset: Preset = "full",
    source: Source = "",
    changes: Changes = [],  # noqa: B006
    init_from: InitFrom = "",
    split: Split = "",
    parameters: Parameters = [],  # noqa: B006
    version: Version = "",
    wait: Wait = True,
    retries: Retries = 0,
    as_json: Json = False,
) -> None:
    """Start a run, and wait for its end.

    The exit status is 1 if the gates rejected the model and 2 if the run failed. Ctrl-C ends the
    waiting, not the run.
    """
    from matops.entrypoints.pipelines.platform import start_run

    request = _request(family, preset, source, changes, init_from, split, parameters)
    started = start_run(pipeline, version, request)
    print_aside(f"run {started.run_id}: {started.name}")
    if wait:
        _wait(started.run_id, retries, as_json)
    elif as_json:
        _print_run(started, as_json)


def retry(
    run_id: Annotated[str, typer.Argument(help="A run that failed")],
    wait: Wait = True,
    retries: Retries = 0,
    as_json: Json = False,
) -> None:
    """Let a run that failed go on, and wait for its end; what it has finished stays.

    The exit status is that of run.
    """
    from matops.entrypoints.pipelines.platform import retry_run

    retry_run(run_id)
    print_aside(f"run {run_id} goes on")
    if wait:
        _wait(run_id, retries, as_json)


def _wait(run_id: str, retries: int, as_json: bool) -> None:
    """Show a run until it is over, and let it go on so often where it failed."""
    from matops.entrypoints.pipelines.platform import outcome, retry_run

    try:
        ended = _followed(run_id)
        for left in reversed(range(retries)):
            if ended.state != "failed" or ended.lost:
                break
            print_aside(f"{ended.error}; goes on, {left} retries left")
            retry_run(run_id)
            ended = _followed(run_id)
    except KeyboardInterrupt:
        side.print(f"the run goes on; matops platform status {run_id} shows it")
        raise typer.Exit(130) from None
    _print_run(ended, as_json)
    raise typer.Exit(UNWELL.get(outcome(ended), 0))


def _followed(run_id: str) -> "PipelineRun":
    from matops.entrypoints.pipelines.platform import follow
    from matops.entrypoints.progress import StepBars

    with StepBars(side) as bars:
        return follow(run_id, lambda run: _show_steps(bars, run))


def _show_steps(bars: "StepBars", run: "PipelineRun") -> None:
    for step in run.steps:
        done = step.state not in ("waiting", "running")
        bars.report(step.title)(int(done), 1, step_line(step))


def schedule(
    pipeline: Pipeline,
    family: FamilyOption,
    cron: Annotated[str, typer.Option(help="Six fields in UTC, as in '0 0 3 * * *'")] = "",
    off: Annotated[bool, typer.Option("--off", help="Delete the schedule")] = False,
    preset: Preset = "full",
    source: Source = "",
    changes: Changes = [],  # noqa: B006
    init_from: InitFrom = "",
    split: Split = "",
    parameters: Parameters = [],  # noqa: B006
    version: Version = "",
    as_json: Json = False,
) -> None:
    """Create or change the schedule of a pipeline for a family; there is one of each.

    One run at a time, and none for the times that were missed.
    """
    from matops.entrypoints.pipelines.platform import schedule_pipeline, unschedule_pipeline

    if bool(cron) == off:
        raise BadInput("give --cron with six fields, or --off")
    if off:
        dropped = unschedule_pipeline(pipeline, family)
        side.print("deleted" if dropped.changed else "there was no schedule")
        _print_under_way(dropped)
        return
    request = _request(family, preset, source, changes, init_from, split, parameters)
    timetable, done = schedule_pipeline(pipeline, version, request, cron)
    _print_under_way(done)
    if as_json:
        print_json({**asdict(timetable), "changed": done.changed})
        return
    words = "now" if done.changed else "already"
    print_line(f"{timetable.name}: {words} at {timetable.cron} UTC")


def _print_under_way(done: "Rescheduled") -> None:
    for run in done.under_way:
        line = f"{run.name} of the old schedule goes on: matops platform status {run.run_id}"
        print_aside(line)


def status(
    run_id: Annotated[str, typer.Argument(help="A run; default: an overview")] = "",
    most: Annotated[int, typer.Option(help="Latest runs to show", min=1)] = 10,
    as_json: Json = False,
) -> None:
    """Show pipelines with their newest versions, schedules and runs; or one run with its steps."""
    from matops.entrypoints.pipelines.platform import platform_status
    from matops.entrypoints.settings import read_settings
    from matops.entrypoints.wiring import pipeline_service

    if run_id:
        _print_run(pipeline_service(read_settings()).run(run_id), as_json)
        return
    overview = platform_status(most)
    if as_json:
        print_json(asdict(overview))
        return
    versions = []
    for name, version in overview.versions.items():
        newest, when = ("–", "") if version is None else (version.version, version.created)
        versions.append((name, newest, f"{when:%Y-%m-%d %H:%M}" if when else ""))
    print_table(WholeTable(("pipeline", "newest version", "uploaded"), versions))
    schedules = []
    for item in overview.schedules:
        state = "" if item.enabled else "off"
        schedules.append((item.timetable.name, item.timetable.cron, state))
    print_table(WholeTable(("schedule", "UTC", ""), schedules))
    print_table(runs_table(overview.runs))


def step_line(step: "StepState") -> str:
    """State of a step, its attempts where it has several, and why it waits or failed."""
    attempts = f", attempt {step.attempts}" if step.attempts > 1 else ""
    return f"{step.state}{attempts}" + (f": {step.reason}" if step.reason else "")


def runs_table(runs: "list[PipelineRun]") -> WholeTable:
    """A row each run."""
    from matops.entrypoints.pipelines.platform import outcome

    rows = []
    for run in runs:
        began = f"{run.began:%Y-%m-%d %H:%M}" if run.began else ""
        rows.append((run.run_id, run.name, began, outcome(run)))
    return WholeTable(("run", "name", "began", "outcome"), rows)


def _print_run(run: "PipelineRun", as_json: bool) -> None:
    from matops.entrypoints.pipelines.platform import outcome, way_on

    if as_json:
        print_json({**asdict(run), "outcome": outcome(run)})
        return
    print_table(runs_table([run]))
    for step in run.steps:
        print_line(f"{step.title}: {step_line(step)}")
    if run.error and not any(step.state == "failed" for step in run.steps):
        print_line(run.error)
    if run.state == "failed":
        print_aside(f"run {run.run_id} {way_on(run)}")
