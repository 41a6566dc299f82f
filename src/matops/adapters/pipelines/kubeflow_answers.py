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


def read_version(pipeline: str, found: Any) -> PipelineVersion:
    """A version of a pipeline."""
    spec = found.pipeline_spec or {}
    spec = spec.get("pipeline_spec", spec)
    inputs = spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    return PipelineVersion(
        pipeline=pipeline,
        pipeline_id=found.pipeline_id,
        version=found.display_name,
        version_id=found.pipeline_version_id,
        parameters={name: of["parameterType"] for name, of in inputs.items()},
        created=found.created_at,
    )


def _state(told: str | None) -> RunState:
    return STATES.get(told or "", "waiting")


def _is_step(name: str) -> bool:
    return not (name.startswith(OWN) or name.endswith("-driver"))


def read_run(found: Any) -> PipelineRun:
    """A run, with its steps where the server tells of them."""
    details = (found.run_details.task_details if found.run_details else None) or []
    steps = [task for task in details if task.display_name and _is_step(task.display_name)]
    steps.sort(key=lambda task: str(task.start_time or task.create_time or ""))
    return PipelineRun(
        run_id=found.run_id,
        name=found.display_name,
        state=_state(found.state),
        began=found.created_at,
        # The server writes the beginning of time where there is none yet.
        ended=found.finished_at if found.finished_at and found.finished_at.year > 1970 else None,
        error=found.error.message or "" if found.error else "",
        steps=tuple(StepState(task.display_name, _state(task.state)) for task in steps),
    )


def read_schedule(found: Any) -> Schedule:
    """A recurring run; one that somebody made by hand may lack what ours have."""
    cron = found.trigger.cron_schedule if found.trigger else None
    reference = found.pipeline_version_reference
    timetable = Timetable(
        name=found.display_name,
        cron=cron.cron if cron else "",
        pipeline_id=reference.pipeline_id if reference else "",
        version_id=reference.pipeline_version_id or "" if reference else "",
        parameters=dict(found.runtime_config.parameters or {}) if found.runtime_config else {},
        service_account=found.service_account or "",
        most_at_once=int(found.max_concurrency or 0),
        catches_up=not found.no_catchup,
    )
    return Schedule(found.recurring_run_id, found.mode == "ENABLE", timetable)
