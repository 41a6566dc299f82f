"""Pipelines on Kubeflow with their adapters joined on: versions, runs and schedules.

All of it raises BadInput where the platform can't be reached or refuses.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.core.errors import BadInput
from matops.entrypoints.pipelines.images import check_immutable, step_images
from matops.entrypoints.pipelines.local_runs import PipelineRequest, check_request
from matops.entrypoints.pipelines.project import compiled_pipelines, project_pipelines
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import code_commit, pipeline_service
from matops.steps.pipelines.pipeline_service import (
    PipelineRun,
    PipelineService,
    PipelineVersion,
    Schedule,
    Timetable,
)
from matops.steps.pipelines.schedules import Rescheduled, drop_schedule, keep_schedule

LOOK_EVERY_S = 5.0
PATIENT_ATTEMPTS = 10
"""Four minutes in all: a server that is restarted does not end the waiting for a run."""
CRON = re.compile(r"\s*([\w*/,?#-]+\s+){5}[\w*/,?#-]+\s*")
OUTCOMES = {"release": "accepted", "reject": "rejected", "decide": "nothing to do"}
"""What it means that a step of this name succeeded, and none before it."""


@dataclass(frozen=True)
class Uploaded:
    """A pipeline on the platform."""

    version: PipelineVersion
    new: bool  # whether it was not there before
    dirty: bool  # whether it was compiled from files that no commit has


def _on_platform(pipeline: str) -> str:
    """A module's name as Kubeflow writes it."""
    return pipeline.replace("_", "-")


def version_name(commit: str, definition: Path) -> str:
    """Version of a pipeline: the commit, and a digest, since images are settings."""
    # The comments at its beginning are not always in the same order.
    lines = [line for line in definition.read_text().splitlines() if not line.startswith("#")]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
    clean, dirty, _ = commit.partition("-dirty")
    return f"{clean[:12]}{dirty}-{digest}"


def upload_pipelines(pipelines: list[str]) -> list[Uploaded]:
    """Upload pipelines, all of the project by default; one that is there already stays."""
    settings = read_settings()
    service, commit = pipeline_service(settings), code_commit(settings)
    description = f"commit {commit}, image {step_images(settings, for_platform=True).steps}"
    compiled = compiled_pipelines(settings, pipelines or project_pipelines(settings))
    uploads = []
    for name, definition in compiled.items():
        pipeline, version = _on_platform(name), version_name(commit, definition)
        existing = service.version(pipeline, version)
        uploaded = existing or service.upload(pipeline, version, description, definition)
        uploads.append(Uploaded(uploaded, existing is None, commit.endswith("-dirty")))
    return uploads


def _version(service: PipelineService, pipeline: str, name: str) -> PipelineVersion:
    version = service.version(_on_platform(pipeline), name)
    if version is None:
        raise BadInput(
            f"{pipeline}{f' {name}' if name else ''} is not on the platform; "
            f"try: matops platform upload {pipeline}"
        )
    return version


def _parameters(version: PipelineVersion, request: PipelineRequest) -> dict[str, Any]:
    """Parameters of a run, each in the type that the pipeline takes.

    It does without those of the request that it lacks, but not without its further ``parameters``:
    texts here, of which lists and structures are JSON.

    Raises:
        BadInput: the pipeline has no such parameter, the value is of another type, or an image
            that can be built again under its name.
    """
    types, more = version.parameters, request.parameters
    unknown = sorted(set(more) - set(types))
    if unknown:
        names = ", ".join(sorted(types))
        raise BadInput(f"{version.pipeline} has no parameter {unknown[0]!r}; there are: {names}")
    if "train_image" in more:
        check_immutable(more["train_image"], version.version)
    typed = {name: _typed(name, text, types[name]) for name, text in more.items()}
    return {name: value for name, value in request.named.items() if name in types} | typed


def _typed(name: str, text: str, kind: str) -> Any:
    if kind == "STRING":
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise BadInput(f"{name}={text}: not JSON, as {kind.lower()} needs") from None


def start_run(pipeline: str, version: str, request: PipelineRequest) -> PipelineRun:
    """Start a run of a pipeline's version, the newest by default."""
    check_request(pipeline, request)
    service = pipeline_service(read_settings())
    uploaded = _version(service, pipeline, version)
    parameters = _parameters(uploaded, request)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    name = f"{uploaded.pipeline} {request.family} {stamp}"
    return service.start(uploaded, request.family, name, parameters)


def follow(run_id: str, tell: Callable[[PipelineRun], None]) -> PipelineRun:
    """Wait until a run is over; ``tell`` gets it at every look."""
    service = pipeline_service(read_settings(), PATIENT_ATTEMPTS)
    while True:
        run = service.run(run_id)
        tell(run)
        if run.over:
            return run
        time.sleep(LOOK_EVERY_S)


def outcome(run: PipelineRun) -> str:
    """What came of a run: ``accepted``, ``rejected``, ``nothing to do``, or its state."""
    if run.state != "succeeded":
        return run.state
    return next((words for step, words in OUTCOMES.items() if step in run.succeeded), run.state)


def retry_run(run_id: str) -> None:
    """Let a run that failed, or that somebody ended, go on from what it has finished.

    Raises:
        BadInput: it is under way, has succeeded, or failed for good.
    """
    service = pipeline_service(read_settings())
    run = service.run(run_id)
    if run.state not in ("failed", "cancelled"):
        raise BadInput(f"run {run_id} is {run.state}; only one that failed can go on")
    if run.lost:
        raise BadInput(f"run {run_id} {way_on(run)}")
    service.retry(run_id)


def way_on(run: PipelineRun) -> str:
    """What can be done about a run that failed."""
    if run.lost:
        return f"can't go on: {run.lost}; start it anew: what is cached is not done again"
    return f"goes on from here with: matops platform retry {run.run_id}"


def schedule_pipeline(
    pipeline: str, version: str, request: PipelineRequest, cron: str
) -> tuple[Timetable, Rescheduled]:
    """Create or change the schedule of a pipeline for a family."""
    check_request(pipeline, request)
    if not CRON.fullmatch(cron):
        raise BadInput(
            f"--cron {cron!r}: six fields in UTC, the first is seconds, as in '0 0 3 * * *' for "
            "three o'clock every night"
        )
    settings = read_settings()
    service = pipeline_service(settings)
    uploaded = _version(service, pipeline, version)
    wanted = Timetable(
        name=f"{_on_platform(pipeline)}-{request.family}",
        cron=" ".join(cron.split()),
        pipeline_id=uploaded.pipeline_id,
        version_id=uploaded.version_id,
        parameters=_parameters(uploaded, request),
        service_account=settings.kfp_service_account,
    )
    return wanted, keep_schedule(service, request.family, wanted)


def unschedule_pipeline(pipeline: str, family: str) -> Rescheduled:
    """Delete the schedule of a pipeline for a family."""
    name = f"{_on_platform(pipeline)}-{family}"
    return drop_schedule(pipeline_service(read_settings()), name)


@dataclass(frozen=True)
class PlatformStatus:
    """The project's pipelines on the platform."""

    versions: dict[str, PipelineVersion | None]  # the newest of each; None if never uploaded
    schedules: list[Schedule]
    runs: list[PipelineRun]


def platform_status(most_runs: int) -> PlatformStatus:
    """The project's pipelines on the platform, with their schedules and latest runs."""
    settings = read_settings()
    service = pipeline_service(settings)
    versions = {name: service.version(_on_platform(name)) for name in project_pipelines(settings)}
    ours = {version.pipeline_id for version in versions.values() if version}
    schedules = [s for s in service.schedules() if s.timetable.pipeline_id in ours]
    return PlatformStatus(versions, schedules, service.runs(most_runs))
