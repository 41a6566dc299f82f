"""What Kubeflow Pipelines answers, in the words of this project."""

from typing import Any

from matops.steps.pipelines.pipeline_service import (
    PipelineRun,
    PipelineVersion,
    RunState,
    Schedule,
    StepState,
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
OWN = ("root", "executor", "condition-", "iteration")
"""How parts of Kubeflow's own machinery begin, which stand beside the steps as drivers do."""


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


def _is_step(name: str) -> bool:
    return not (name.startswith(OWN) or name.endswith("-driver"))


def read_run(answer: Any) -> PipelineRun:
    """A run, with its steps where the server tells of them."""
    details = (answer.run_details.task_details if answer.run_details else None) or []
    steps = [task for task in details if task.display_name and _is_step(task.display_name)]
    steps.sort(key=lambda task: str(task.start_time or task.create_time or ""))
    return PipelineRun(
        run_id=answer.run_id,
        name=answer.display_name,
        state=_state(answer.state),
        began=answer.created_at,
        # The server writes the beginning of time where there is none yet.
        ended=answer.finished_at if answer.finished_at and answer.finished_at.year > 1970 else None,
        error=answer.error.message or "" if answer.error else "",
        steps=tuple(StepState(task.display_name, _state(task.state)) for task in steps),
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
