"""Runs and recurring runs of the local server that answers as Kubeflow Pipelines 2.17 does.

A run's steps follow a script, one look at a time, and its workflow has the nodes that Argo makes of
them. What was seen of the real one: the workflow of a scheduled run belongs to its schedule, and
goes with it unless it is orphaned, after which the run stays as it was for ever; a run that
somebody terminates is cancelling, then failed; a run has no error of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import kfp_server_api.models

from tests.support.argo_nodes import StepNodes, task_details, workflow_of

Json = dict[str, Any]
Answer = tuple[int, Json]

LARGEST_PAGE = 2
"""Smaller than any client asks for, so that every list has pages."""
ACCEPTED = ("ingest", "preprocess", "train", "evaluate", "release")
REJECTED = ("ingest", "preprocess", "train", "evaluate", "reject")
NOT_OVER = ("PENDING", "RUNNING", "CANCELING")


def check_model(kind: str, body: Json) -> None:
    """Raise for fields that the published model does not have."""
    model = getattr(kfp_server_api.models, kind)
    types = {model.attribute_map[name]: of for name, of in model.openapi_types.items()}
    for name, value in body.items():
        assert name in types, f"{kind}: unknown field {name!r}"
        if isinstance(value, dict) and types[name].startswith("V2beta1"):
            check_model(types[name], value)


def refusal(status: int, message: str) -> Answer:
    return status, {"code": status, "error": message, "message": message, "details": []}


def page(items: list[Json], key: str, query: Json) -> Answer:
    """One page of a list, filtered and sorted as asked; a token is where the next one begins."""
    for predicate in json.loads(query.get("filter", "{}")).get("predicates", []):
        assert predicate["operation"] in ("EQUALS", 1), "no such operation"
        items = [item for item in items if item.get(predicate["key"]) == predicate["stringValue"]]
    if query.get("sort_by") == "created_at desc":
        items = sorted(items, key=lambda item: item["created_at"], reverse=True)
    begin = int(query.get("page_token") or 0)
    end = begin + min(int(query.get("page_size", 10)), LARGEST_PAGE)
    token = str(end) if end < len(items) else ""
    return 200, {key: items[begin:end], "total_size": len(items), "next_page_token": token}


@dataclass
class Life:
    """What a run went through.

    Attributes:
        looks: how often somebody looked while it ran.
        owner: its schedule, whose object has its workflow.
        gone: whether its workflow was deleted.
        retried: whether it was let go on after a failure.
    """

    looks: int = 0
    owner: str = ""
    gone: bool = False
    retried: bool = False
    workflow: Json = field(default_factory=dict)


@dataclass
class Runs:
    """Runs and schedules, and what is to become of runs.

    Attributes:
        script: steps of a run, each of which ends with one look.
        ends: how a run ends; one that was retried succeeds.
        steps: what is to be seen of a step's nodes instead, by its name.
    """

    script: tuple[str, ...] = ACCEPTED
    ends: str = "SUCCEEDED"
    steps: dict[str, StepNodes] = field(default_factory=dict)
    versions: dict[str, Json] = field(default_factory=dict)
    experiments: dict[str, Json] = field(default_factory=dict)
    runs: dict[str, Json] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    recurring: dict[str, Json] = field(default_factory=dict)
    most_enabled: int = 0
    count: int = 0

    def new(self, kept: dict[str, Json], key: str, body: Json) -> Answer:
        """Keep an object under a name of the server's own."""
        self.count += 1
        created = f"2026-11-01T00:00:{self.count:02d}Z"
        name = f"{key.removesuffix('_id')}-{self.count}"
        kept[name] = {**body, key: name, "created_at": created}
        return 200, kept[name]

    def _check_started(self, body: Json) -> Answer | None:
        reference = body["pipeline_version_reference"]
        if reference["pipeline_version_id"] not in self.versions:
            return refusal(404, "pipeline version not found")
        if body["experiment_id"] not in self.experiments:
            return refusal(404, "experiment not found")
        spec = self.versions[reference["pipeline_version_id"]]["pipeline_spec"]["pipeline_spec"]
        known = spec["root"]["inputDefinitions"]["parameters"]
        unknown = set(body["runtime_config"]["parameters"]) - set(known)
        return refusal(400, f"unknown parameters {unknown}") if unknown else None

    def fire(self, recurring: str) -> str:
        """What the clock does: start a run of a schedule, and return its name."""
        schedule = self.recurring[recurring]
        body = {k: schedule[k] for k in ("pipeline_version_reference", "runtime_config")}
        body |= {"display_name": schedule["display_name"], "experiment_id": "experiment-1"}
        _, run = self._begin({**body, "recurring_run_id": recurring}, recurring)
        return str(run["run_id"])

    def _begin(self, body: Json, owner: str = "") -> Answer:
        status, run = self.new(self.runs, "run_id", {**body, "state_history": []})
        self.lives[run["run_id"]] = Life(owner=owner)
        self._become(run, "PENDING")
        self._see_nodes(run, [], "Running")
        return status, run

    def _become(self, run: Json, state: str) -> None:
        if run.get("state") == state:
            return
        run["state"] = state
        # Before the workflow is seen first, its state is one that Kubeflow has no name for.
        unnamed = [{}] if state == "RUNNING" and len(run["state_history"]) == 1 else []
        run["state_history"] += [*unnamed, {"state": state}]

    def runs_of_old(self, name: str) -> Answer:
        """The first version of the API, which alone shows the workflow."""
        if name not in self.runs:
            return refusal(404, f"run {name} not found")
        manifest = json.dumps(self.lives[name].workflow)
        return 200, {"run": {"id": name}, "pipeline_runtime": {"workflow_manifest": manifest}}

    def answer_runs(self, method: str, name: str, query: Json, body: Any) -> Answer:
        if method == "POST" and not name:
            check_model("V2beta1Run", body)
            return self._check_started(body) or self._begin(body)
        if not name:
            return page(list(self.runs.values()), "runs", query)
        own, _, verb = name.partition(":")
        if own not in self.runs:
            return refusal(404, f"run {own} not found")
        if verb:
            return {"terminate": self._terminate, "retry": self._retry}[verb](self.runs[own])
        self._pass_time(self.runs[own], self.lives[own])
        return 200, self.runs[own]

    def _terminate(self, run: Json) -> Answer:
        if run["state"] not in NOT_OVER:
            return refusal(400, f"Failed to terminate a run {run['run_id']}. Row not found")
        self._become(run, "CANCELING")
        return 200, {}

    def _retry(self, run: Json) -> Answer:
        if run["state"] != "FAILED":
            return refusal(400, "Workflow must be Failed/Error to retry")
        life = self.lives[run["run_id"]]
        life.retried, life.looks = True, min(life.looks, len(self.script)) - 1
        self._become(run, "RUNNING")
        return 200, {}

    def _pass_time(self, run: Json, life: Life) -> None:
        """One look further, unless nothing runs any more."""
        if life.gone or run["state"] not in NOT_OVER:
            return
        life.looks += 1
        over = life.looks > len(self.script) or run["state"] == "CANCELING"
        ends = "SUCCEEDED" if life.retried else self.ends
        ends = "FAILED" if run["state"] == "CANCELING" else ends
        self._become(run, ends if over else "RUNNING")
        begun = self.script[: life.looks]
        steps = [self.steps.get(name, StepNodes(name)) for name in begun]
        if begun and begun[-1] not in self.steps and (not over or ends == "FAILED"):
            failed = StepNodes(begun[-1], ("Failed",), "main: Error (exit code 3)")
            steps[-1] = failed if over else StepNodes(begun[-1], ("Running",))
        self._see_nodes(run, steps, ends.capitalize() if over else "Running")
        if over:
            run["finished_at"] = "2026-11-02T01:00:00Z"

    def _see_nodes(self, run: Json, steps: list[StepNodes], phase: str) -> None:
        life = self.lives[run["run_id"]]
        ended = {"activeDeadlineSeconds": 0} if self._was_terminated(run) else {}
        life.workflow = workflow_of("wf-x7k2p", steps, phase, self._titles(run), **ended)
        self._own(life)
        run["run_details"] = {"task_details": task_details(life.workflow)}

    def _was_terminated(self, run: Json) -> bool:
        return bool(run["state_history"][-2:-1] == [{"state": "CANCELING"}])

    def _own(self, life: Life) -> None:
        owners = [{"kind": "ScheduledWorkflow", "name": life.owner}] if life.owner else []
        life.workflow["metadata"]["ownerReferences"] = owners

    def _titles(self, run: Json) -> dict[str, str]:
        """Names for people of all tasks of a run's pipeline."""
        version = self.versions[run["pipeline_version_reference"]["pipeline_version_id"]]
        spec = version["pipeline_spec"]["pipeline_spec"]
        tasks = [c.get("dag", {}).get("tasks", {}) for c in spec["components"].values()]
        named = {k: t for found in (*tasks, spec["root"]["dag"]["tasks"]) for k, t in found.items()}
        return {key: task["taskInfo"]["name"] for key, task in named.items()}

    def answer_recurring(self, method: str, name: str, query: Json, body: Any) -> Answer:
        if method == "POST" and not name:
            check_model("V2beta1RecurringRun", body)
            if len(body["trigger"]["cron_schedule"]["cron"].split()) != 6:
                return refusal(400, "invalid cron expression")
            return self._check_started(body) or self.new(self.recurring, "recurring_run_id", body)
        if not name:
            return page(list(self.recurring.values()), "recurringRuns", query)
        own, _, verb = name.partition(":")
        if own not in self.recurring:
            return refusal(404, f"recurring run {own} not found")
        if method == "GET":
            return 200, self.recurring[own]
        if method == "DELETE":
            self._delete_recurring(own, orphan=query.get("propagation_policy") == "ORPHAN")
        else:
            self.recurring[own]["mode"] = verb.upper()
        enabled = [r["display_name"] for r in self.recurring.values() if r["mode"] == "ENABLE"]
        self.most_enabled = max(map(enabled.count, enabled), default=self.most_enabled)
        return 200, {}

    def _delete_recurring(self, name: str, orphan: bool) -> None:
        """Delete a schedule; what Kubeflow shows of its workflows is from before, till it looks."""
        del self.recurring[name]
        for run, life in self.lives.items():
            if life.owner == name and self.runs[run]["state"] in NOT_OVER:
                life.gone, life.owner = not orphan, "" if orphan else name
