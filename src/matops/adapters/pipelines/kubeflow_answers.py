"""What Kubeflow Pipelines answers, in the words of this project."""

import re
from collections.abc import Mapping
from typing import Any

from matops.adapters.pipelines.argo_workflow import (
    driven_twice,
    failure,
    read_steps,
    was_terminated,
)
from matops.steps.pipelines.pipeline_service import (
    PipelineRun,
    PipelineVersion,
    RunState,
    Schedule,
    Timetable,
)

STATES: dict[str, RunState] = {
    "PENDING": "waiting",
    "PAUSED": "waiting",
    "RUNNING": "running",
    "CANCELING": "running",
    "SUCCEEDED": "succeeded",
    "SKIPPED": "skipped",
    "FAILED": "failed",
    "CANCELED": "cancelled",
}
ATTEMPT = re.compile(r"\(\d+\)$")


def read_version(pipeline: str, answer: Any) -> PipelineVersion:
    """A version of a pipeline."""
    spec = answer.pipeline_spec or {}
    spec = spec.get("pipeline_spec", spec)
    inputs = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    return PipelineVersion(
        pipeline=pipeline,
        pipeline_id=answer.pipeline_id,
        version=answer.display_name,
        version_id=answer.pipeline_version_id,
        parameters={name: of["parameterType"] for name, of in inputs.items()},
        created=answer.created_at,
    )


def _state(name: str | None) -> RunState:
    return STATES.get(name or "", "waiting")


def read_run(answer: Any, workflow: Mapping[str, Any] | None = None) -> PipelineRun:
    """A run, with its steps where its workflow is at hand.

    The answer alone names nodes of all kinds in one list, without what they are; what it is good
    for is that a step of a name succeeded.
    """
    details = (answer.run_details.task_details if answer.run_details else None) or []
    done = [task.display_name for task in details if task.state == "SUCCEEDED"]
    steps = read_steps(workflow or {})
    state = _run_state(answer, workflow or {})
    return PipelineRun(
        run_id=answer.run_id,
        name=answer.display_name,
        state=state,
        began=answer.created_at,
        # The server writes the beginning of time where there is none yet.
        ended=answer.finished_at if answer.finished_at and answer.finished_at.year > 1970 else None,
        error=_error(answer, workflow or {}) if state == "failed" else "",
        lost=_lost(workflow or {}) if state == "failed" else "",
        succeeded=tuple(sorted({ATTEMPT.sub("", name or "") for name in done})),
        steps=steps,
    )


def _run_state(answer: Any, workflow: Mapping[str, Any]) -> RunState:
    """The state of a run; Kubeflow lets one that somebody terminated end as failed."""
    state = _state(answer.state)
    if state == "failed" and (was_terminated(workflow) or _was_cancelled(answer)):
        return "cancelled"
    return state


def _was_cancelled(answer: Any) -> bool:
    """Whether a run was terminated since it last ran."""
    states = [entry.state for entry in answer.state_history or []]
    since = max((n for n, state in enumerate(states) if state == "RUNNING"), default=0)
    return "CANCELING" in states[since:]


def _error(answer: Any, workflow: Mapping[str, Any]) -> str:
    """Why a run failed: its first step that did, or what ended it as a whole."""
    failed = [step for step in read_steps(workflow) if step.state == "failed"]
    if failed:
        return f"{failed[0].title}: {failed[0].reason or 'failed'}"
    return str((answer.error.message if answer.error else "") or failure(workflow))


def _lost(workflow: Mapping[str, Any]) -> str:
    """Why a run can't go on: Kubeflow refuses later steps where its metadata have one twice."""
    title = driven_twice(workflow)
    return (
        f"Kubeflow started the driver of {title!r} again, and has the step twice" if title else ""
    )


def read_schedule(answer: Any) -> Schedule:
    """A recurring run; one that somebody made by hand may lack what ours have."""
    cron = answer.trigger.cron_schedule if answer.trigger else None
    reference = answer.pipeline_version_reference
    timetable = Timetable(
        name=answer.display_name,
        cron=cron.cron if cron else "",
        pipeline_id=reference.pipeline_id if reference else "",
        version_id=reference.pipeline_version_id or "" if reference else "",
        parameters=dict(answer.runtime_config.parameters or {}) if answer.runtime_config else {},
        service_account=answer.service_account or "",
        most_at_once=int(answer.max_concurrency or 0),
        catches_up=not answer.no_catchup,
    )
    return Schedule(answer.recurring_run_id, answer.mode == "ENABLE", timetable)
