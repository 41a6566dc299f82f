"""Pipelines, runs and schedules on Kubeflow Pipelines."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import kfp_server_api as kfp
import yaml

from matops.adapters.pipelines.argo_workflow import is_scheduled
from matops.adapters.pipelines.kubeflow_answers import read_run, read_schedule, read_version
from matops.adapters.pipelines.kubeflow_api import AlreadyThere, KubeflowApi
from matops.core.errors import BadInput
from matops.steps.pipelines.pipeline_service import (
    PipelineRun,
    PipelineVersion,
    Schedule,
    Timetable,
)


class KubeflowPipelines:
    """The port ``PipelineService`` on Kubeflow; the account's rights are those of the steps."""

    def __init__(self, api: KubeflowApi, service_account: str) -> None:
        self.api, self.service_account = api, service_account
        self.mine = {"namespace": api.namespace} if api.namespace else {}

    def version(self, pipeline: str, name: str = "") -> PipelineVersion | None:
        """A version of a pipeline by name, or the newest; None where there is none."""
        uploaded = self._pipeline(pipeline)
        if uploaded is None:
            return None
        ask = self.api.pipelines.pipeline_service_list_pipeline_versions
        # An answer holds whole compiled pipelines, so that no more are asked for than needed.
        named = {"sort_by": "created_at desc", "page_size": 1}
        if name:
            named["filter"] = _equals("display_name", name)
        page = self.api.ask(f"versions of {pipeline}", ask, uploaded.pipeline_id, **named)
        versions = (page.pipeline_versions if page else None) or []
        return read_version(pipeline, versions[0]) if versions else None

    def _pipeline(self, name: str) -> Any:
        ask = self.api.pipelines.pipeline_service_list_pipelines
        pipelines = self.api.pages("pipelines", ask, "pipelines", **self.mine)
        return next((pipeline for pipeline in pipelines if pipeline.display_name == name), None)

    def upload(
        self, pipeline: str, version: str, description: str, definition: Path
    ) -> PipelineVersion:
        """Upload a compiled pipeline as a version; one of this name that is there stays."""
        told = {"display_name": pipeline, "description": described(definition)}
        body = kfp.V2beta1Pipeline(name=pipeline, **told, **self.mine)
        create = self.api.pipelines.pipeline_service_create_pipeline
        parent = self._once(pipeline, lambda: self._pipeline(pipeline), create, body)
        ask = self.api.uploads.upload_pipeline_version
        named = {"name": f"{pipeline}-{version}", "display_name": version}
        named |= {"pipelineid": parent.pipeline_id, "description": description}

        def there() -> PipelineVersion | None:
            return self.version(pipeline, version)

        self._once(f"{pipeline} {version}", there, ask, str(definition), **named)
        uploaded = there()
        if uploaded is None:
            raise BadInput(f"{self.api.endpoint}: {pipeline} {version}: uploaded, and not there")
        return uploaded

    def _once(
        self,
        what: str,
        look: Callable[[], Any],
        create: Callable[..., Any],
        *arguments: Any,
        **named: Any,
    ) -> Any:
        """What is there, or else what is created; somebody else may be faster."""
        existing = look()
        if existing is not None:
            return existing
        try:
            return self.api.create(what, create, *arguments, **named)
        except AlreadyThere:
            existing = look()
            if existing is None:
                raise BadInput(f"{self.api.endpoint}: {what}: there, and not to be seen") from None
            return existing

    def _group(self, name: str) -> str:
        """The experiment under which Kubeflow shows runs."""
        ask = self.api.experiments.experiment_service_list_experiments

        def there() -> Any:
            groups = self.api.pages("experiments", ask, "experiments", **self.mine)
            return next((group for group in groups if group.display_name == name), None)

        body = kfp.V2beta1Experiment(display_name=name, **self.mine)
        create = self.api.experiments.experiment_service_create_experiment
        return str(self._once(f"experiment {name}", there, create, body).experiment_id)

    def start(
        self, version: PipelineVersion, group: str, name: str, parameters: dict[str, Any]
    ) -> PipelineRun:
        """Start a run, which is shown in a group of this name."""
        body = kfp.V2beta1Run(
            experiment_id=self._group(group),
            display_name=name,
            pipeline_version_reference=_reference(version.pipeline_id, version.version_id),
            runtime_config=kfp.V2beta1RuntimeConfig(parameters=parameters),
            service_account=self.service_account,
        )
        return read_run(self.api.create(name, self.api.runs.run_service_create_run, body))

    def run(self, run_id: str) -> PipelineRun:
        """A run with its steps."""
        run = self.api.ask(f"run {run_id}", self.api.runs.run_service_get_run, run_id)
        if run is None:
            raise BadInput(f"{self.api.endpoint}: there is no run {run_id}")
        return self._read(run, self.api.workflow(run_id))

    def runs(self, most: int) -> list[PipelineRun]:
        """The latest runs, the newest first."""
        named = {"sort_by": "created_at desc", **self.mine}
        runs = self.api.pages("runs", self.api.runs.run_service_list_runs, "runs", **named)
        return [self._read(run) for run in islice(runs, most)]

    def _read(self, answer: Any, workflow: dict[str, Any] | None = None) -> PipelineRun:
        """A run, and a word where it may be over though Kubeflow calls it running for ever.

        That is so where somebody deleted its schedule with its workflow. Of one that was let go on,
        Kubeflow shows the schedule as its owner until the workflow is seen next.
        """
        run = read_run(answer, workflow)
        if run.over or not answer.recurring_run_id:
            return run
        ask = self.api.recurring.recurring_run_service_get_recurring_run
        if self.api.ask(f"schedule of {run.run_id}", ask, answer.recurring_run_id):
            return run
        if is_scheduled(workflow or self.api.workflow(run.run_id)):
            return replace(run, error="its schedule was deleted, and perhaps the run with it")
        return run

    def retry(self, run_id: str) -> None:
        """Let a run that failed go on; what it has finished is not done again."""
        self.api.create(f"retry of {run_id}", self.api.runs.run_service_retry_run, run_id)

    def schedules(self) -> list[Schedule]:
        """All schedules."""
        ask = self.api.recurring.recurring_run_service_list_recurring_runs
        schedules = self.api.pages("recurring runs", ask, "recurring_runs", **self.mine)
        return list(map(read_schedule, schedules))

    def add_schedule(self, group: str, timetable: Timetable) -> Schedule:
        """Add a schedule that starts no runs yet."""
        body = kfp.V2beta1RecurringRun(
            experiment_id=self._group(group),
            display_name=timetable.name,
            pipeline_version_reference=_reference(timetable.pipeline_id, timetable.version_id),
            runtime_config=kfp.V2beta1RuntimeConfig(parameters=timetable.parameters),
            service_account=timetable.service_account,
            trigger=kfp.V2beta1Trigger(cron_schedule=kfp.V2beta1CronSchedule(cron=timetable.cron)),
            max_concurrency=str(timetable.most_at_once),
            no_catchup=not timetable.catches_up,
            mode="DISABLE",
        )
        ask = self.api.recurring.recurring_run_service_create_recurring_run
        return read_schedule(self.api.create(timetable.name, ask, body))

    def enable_schedule(self, schedule_id: str) -> None:
        """Let a schedule start runs."""
        ask = self.api.recurring.recurring_run_service_enable_recurring_run
        if self.api.ask(f"schedule {schedule_id}", ask, schedule_id) is None:
            raise BadInput(f"{self.api.endpoint}: schedule {schedule_id} is gone; try again")

    def disable_schedule(self, schedule_id: str) -> None:
        """Let a schedule start no more runs; one that is gone is no error."""
        ask = self.api.recurring.recurring_run_service_disable_recurring_run
        self.api.ask(f"schedule {schedule_id}", ask, schedule_id)

    def under_way(self, schedule_id: str) -> list[PipelineRun]:
        """Runs that a schedule has started and that are not over."""
        ask = self.api.runs.run_service_list_runs
        named = {"filter": _equals("recurring_run_id", schedule_id), **self.mine}
        runs = map(read_run, self.api.pages("runs", ask, "runs", **named))
        return [run for run in runs if not run.over]

    def delete_schedule(self, schedule_id: str) -> None:
        """Delete a schedule, of which runs that are under way go on; one gone is no error.

        Their workflows belong to the schedule's object, and would be deleted with it.
        """
        ask = self.api.recurring.recurring_run_service_delete_recurring_run
        self.api.ask(f"schedule {schedule_id}", ask, schedule_id, propagation_policy="ORPHAN")


def _equals(key: str, value: str) -> str:
    predicate = {"operation": "EQUALS", "key": key, "stringValue": value}
    return json.dumps({"predicates": [predicate]})


def described(definition: Path) -> str:
    """What a compiled pipeline says of itself, which Kubeflow's page shows beside its name."""
    spec = next(yaml.safe_load_all(definition.read_text()))
    return str(spec["pipelineInfo"].get("description", ""))


def _reference(pipeline_id: str, version_id: str) -> kfp.V2beta1PipelineVersionReference:
    return kfp.V2beta1PipelineVersionReference(
        pipeline_id=pipeline_id, pipeline_version_id=version_id
    )
