"""Pipelines on Kubeflow with their adapters joined on: versions, runs and schedules."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matops.core.errors import BadInput
from matops.entrypoints.pipelines.local_runs import Asked
from matops.entrypoints.pipelines.project import compiled_pipelines, project_pipelines
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import code_commit, pipeline_service
from matops.families import check_family
from matops.steps.pipelines.pipeline_service import (
    PipelineRun,
    PipelineService,
    PipelineVersion,
    Schedule,
    Timetable,
    drop_schedule,
    keep_schedule,
)

LOOK_EVERY_S = 5.0
PATIENT_ATTEMPTS = 10
"""Four minutes in all: a server that is restarted does not end the waiting for a run."""
CRON_FIELDS = 6
OUTCOMES = {"release": "accepted", "reject": "rejected", "stand-by": "nothing to do"}
"""What it means that a step of this name succeeded."""


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
    """A pipeline's version: the commit, and a digest, since images are settings.

    Args:
        commit: of the code, with ``-dirty`` at its end where files were changed since.
        definition: the compiled pipeline.
    """
    # The comments at its beginning are not always in the same order.
    lines = [line for line in definition.read_text().splitlines() if not line.startswith("#")]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
    known, dirty, _ = commit.partition("-dirty")
    return f"{known[:12]}{dirty}-{digest}"


def upload_pipelines(pipelines: list[str]) -> list[Uploaded]:
    """Upload pipelines, all of the project by default; one that is there already stays.

    Raises:
        BadInput: no such pipeline, or the platform refuses.
    """
    settings = read_settings()
    service, commit = pipeline_service(settings), code_commit(settings)
    compiled = compiled_pipelines(settings, pipelines or project_pipelines(settings))
    described = f"commit {commit}, image {settings.image}"
    done = []
    for name, definition in compiled.items():
        named, version = _on_platform(name), version_name(commit, definition)
        known = service.version(named, version)
        found = known or service.upload(named, version, described, definition)
        done.append(Uploaded(found, known is None, commit.endswith("-dirty")))
    return done


def _version(service: PipelineService, pipeline: str, version: str) -> PipelineVersion:
    found = service.version(_on_platform(pipeline), version)
    if found is None:
        raise BadInput(
            f"{pipeline}{f' {version}' if version else ''} is not on the platform; "
            f"try: matops platform upload {pipeline}"
        )
    return found


def pipeline_parameters(
    version: PipelineVersion, asked: Asked, more: Mapping[str, str]
) -> dict[str, Any]:
    """Parameters of a run, each in the type that the pipeline takes.

    Args:
        version: the pipeline.
        asked: what ``matops run`` takes too; a pipeline that lacks one does without.
        more: further parameters by name, as texts; lists and structures are JSON.

    Raises:
        BadInput: the pipeline has no such parameter, or the value is of another type.
    """
    own = {
        "family": asked.family,
        "preset": asked.preset,
        "source": asked.source,
        "changes": json.dumps(asked.changes),
        "init_from": asked.init_from,
    }
    known = version.parameters
    unknown = sorted(set(more) - set(known))
    if unknown:
        names = ", ".join(sorted(known))
        raise BadInput(f"{version.pipeline} has no parameter {unknown[0]!r}; there are: {names}")
    typed = {name: _typed(name, text, known[name]) for name, text in more.items()}
    return {name: value for name, value in own.items() if name in known} | typed


def _typed(name: str, text: str, kind: str) -> Any:
    if kind == "STRING":
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise BadInput(f"{name}={text}: not JSON, as {kind.lower()} needs") from None


def start_run(pipeline: str, version: str, asked: Asked, more: Mapping[str, str]) -> PipelineRun:
    """Start a run of a pipeline's version, the newest by default.

    Raises:
        BadInput: it is not on the platform, or the platform refuses.
    """
    check_family(asked.family)
    service = pipeline_service(read_settings())
    found = _version(service, pipeline, version)
    parameters = pipeline_parameters(found, asked, more)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    name = f"{found.pipeline} {asked.family} {stamp}"
    return service.start(found, asked.family, name, parameters)


def follow(run_id: str, tell: Callable[[PipelineRun], None]) -> PipelineRun:
    """Wait until a run is over; ``tell`` gets it at every look.

    Raises:
        BadInput: there is no such run, or the platform can't be reached any more.
    """
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
    done = {step.name for step in run.steps if step.state == "succeeded"}
    return next((words for step, words in OUTCOMES.items() if step in done), run.state)


def schedule_name(pipeline: str, family: str) -> str:
    """Name of the only schedule of a pipeline for a family."""
    return f"{_on_platform(pipeline)}-{family}"


def check_cron(cron: str) -> str:
    """A cron expression of six fields.

    Raises:
        BadInput: it is none.
    """
    fields = cron.split()
    if len(fields) != CRON_FIELDS or not all(re.fullmatch(r"[\w*/,?#-]+", f) for f in fields):
        raise BadInput(
            f"--cron {cron!r}: six fields in UTC, the first is seconds, as in '0 0 3 * * *' for "
            "three o'clock every night"
        )
    return " ".join(fields)


def schedule_pipeline(
    pipeline: str, version: str, asked: Asked, more: Mapping[str, str], cron: str
) -> tuple[Timetable, bool]:
    """Make the schedule of a pipeline for a family what is asked for.

    Returns:
        The timetable, and whether anything was changed.

    Raises:
        BadInput: it is not on the platform, or the platform refuses.
    """
    check_family(asked.family)
    cron = check_cron(cron)
    settings = read_settings()
    service = pipeline_service(settings)
    found = _version(service, pipeline, version)
    wanted = Timetable(
        name=schedule_name(pipeline, asked.family),
        cron=cron,
        pipeline_id=found.pipeline_id,
        version_id=found.version_id,
        parameters=pipeline_parameters(found, asked, more),
        service_account=settings.kfp_service_account,
    )
    return wanted, keep_schedule(service, asked.family, wanted)


def unschedule_pipeline(pipeline: str, family: str) -> bool:
    """Delete the schedule of a pipeline for a family, and return whether there was one."""
    service = pipeline_service(read_settings())
    return drop_schedule(service, schedule_name(pipeline, family))


@dataclass(frozen=True)
class PlatformStatus:
    """What the platform has of ours.

    Attributes:
        versions: the newest of each pipeline; None for those that were never uploaded.
        schedules: those of our pipelines.
        runs: the latest.
    """

    versions: dict[str, PipelineVersion | None]
    schedules: list[Schedule]
    runs: list[PipelineRun]


def platform_status(most_runs: int) -> PlatformStatus:
    """What the platform has of ours.

    Raises:
        BadInput: it can't be reached, or refuses.
    """
    settings = read_settings()
    service = pipeline_service(settings)
    versions = {name: service.version(_on_platform(name)) for name in project_pipelines(settings)}
    ours = {version.pipeline_id for version in versions.values() if version}
    schedules = [s for s in service.schedules() if s.timetable.pipeline_id in ours]
    return PlatformStatus(versions, schedules, service.runs(most_runs))


def platform_run(run_id: str) -> PipelineRun:
    """A run.

    Raises:
        BadInput: there is none of this name.
    """
    return pipeline_service(read_settings()).run(run_id)
