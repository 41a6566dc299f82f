"""A platform that runs pipelines: what is asked of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

RunState = Literal["waiting", "running", "succeeded", "failed", "skipped", "cancelled"]


@dataclass(frozen=True)
class PipelineVersion:
    """A version of a pipeline on the platform."""

    pipeline: str  # name of the pipeline
    pipeline_id: str  # the platform's name of the pipeline
    version: str  # name of the version
    version_id: str  # the platform's name of the version
    parameters: dict[str, str]  # type of each parameter by its name, as in ``STRING``
    # when it was uploaded, UTC; None where the platform does not say
    created: datetime | None = None


@dataclass(frozen=True)
class StepState:
    """One step of a run."""

    name: str  # its name in the pipeline
    title: str  # its name for people, of which a run has no two
    state: RunState
    attempts: int  # pods that were started for it; 0 if an earlier result served
    reason: str  # why it waits or failed, in the cluster's words; empty if nothing is said


@dataclass(frozen=True)
class PipelineRun:
    """A run of a pipeline."""

    run_id: str  # the platform's name of the run
    name: str  # its name for people
    state: RunState
    began: datetime | None  # when it was created, UTC
    ended: datetime | None  # when it ended; None while it has not
    error: str  # what the platform says of a failure
    succeeded: tuple[str, ...]  # names of the steps that did
    steps: tuple[StepState, ...] = ()  # those that began, oldest first; of a single run only
    lost: str = ""  # why it can't go on, where it failed for good; empty if it may

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        return self.state not in ("waiting", "running")


@dataclass(frozen=True)
class Timetable:
    """When which pipeline runs, and on what."""

    name: str  # its name; there is one schedule of a name
    cron: str  # six fields, of which the first is seconds, in UTC
    pipeline_id: str  # the platform's name of the pipeline
    version_id: str  # the platform's name of the version
    parameters: dict[str, Any]
    service_account: str  # whose rights the steps have
    most_at_once: int = 1  # runs at the same time
    catches_up: bool = False  # whether missed runs are made up for


@dataclass(frozen=True)
class Schedule:
    """A timetable that the platform has."""

    schedule_id: str  # the platform's name of it
    enabled: bool  # whether it starts runs
    timetable: Timetable


class PipelineService(Protocol):
    """A platform that keeps versions of pipelines, and runs them.

    All of it raises :class:`~matops.core.errors.BadInput` where the platform can't be reached or
    refuses.
    """

    def version(self, pipeline: str, name: str = "") -> PipelineVersion | None:
        """A version of a pipeline by name, or the newest; None where there is none."""

    def upload(
        self, pipeline: str, version: str, description: str, definition: Path
    ) -> PipelineVersion:
        """Upload a compiled pipeline as a version; one of this name that is there stays."""

    def start(
        self, version: PipelineVersion, group: str, name: str, parameters: dict[str, Any]
    ) -> PipelineRun:
        """Start a run, which is shown in a group of this name."""

    def run(self, run_id: str) -> PipelineRun:
        """A run."""

    def runs(self, most: int) -> list[PipelineRun]:
        """The latest runs, the newest first."""

    def retry(self, run_id: str) -> None:
        """Let a run that failed go on; what it has finished is not done again."""

    def schedules(self) -> list[Schedule]:
        """All schedules."""

    def add_schedule(self, group: str, timetable: Timetable) -> Schedule:
        """Add a schedule that starts no runs yet."""

    def enable_schedule(self, schedule_id: str) -> None:
        """Let a schedule start runs."""

    def disable_schedule(self, schedule_id: str) -> None:
        """Let a schedule start no more runs; one that is gone is no error."""

    def under_way(self, schedule_id: str) -> list[PipelineRun]:
        """Runs that a schedule has started and that are not over."""

    def delete_schedule(self, schedule_id: str) -> None:
        """Delete a schedule, of which runs that are under way go on; one gone is no error."""
