"""Schedules of a platform, kept right: one of each name, and no run lost when it changes."""

from dataclasses import dataclass

from matops.steps.pipelines.pipeline_service import (
    PipelineRun,
    PipelineService,
    Schedule,
    Timetable,
)


@dataclass(frozen=True)
class Rescheduled:
    """What became of the schedules of a name."""

    changed: bool
    under_way: tuple[PipelineRun, ...]  # runs of schedules that are gone; they go on


def keep_schedule(service: PipelineService, group: str, wanted: Timetable) -> Rescheduled:
    """Make a timetable the only one of its name.

    It is idempotent. The new one is added first and enabled last, so that no two of a name start
    runs; after a kill in between, the same call goes on with what is there.
    """
    named = [item for item in service.schedules() if item.timetable.name == wanted.name]
    same = [item for item in named if item.timetable == wanted]
    # An enabled one is kept, so that the clock of the schedule is not set back.
    same.sort(key=lambda item: not item.enabled)
    kept = same[0] if same else service.add_schedule(group, wanted)
    outdated = [item for item in named if item.schedule_id != kept.schedule_id]
    under_way = _drop(service, outdated)
    if not kept.enabled:
        service.enable_schedule(kept.schedule_id)
    return Rescheduled(bool(outdated) or not kept.enabled, under_way)


def drop_schedule(service: PipelineService, name: str) -> Rescheduled:
    """Delete the schedules of a name."""
    named = [item for item in service.schedules() if item.timetable.name == name]
    return Rescheduled(bool(named), _drop(service, named))


def _drop(service: PipelineService, schedules: list[Schedule]) -> tuple[PipelineRun, ...]:
    """Delete schedules that start nothing more; the runs that they leave behind."""
    left: list[PipelineRun] = []
    for item in schedules:
        service.disable_schedule(item.schedule_id)
        left += service.under_way(item.schedule_id)
        service.delete_schedule(item.schedule_id)
    return tuple(left)
