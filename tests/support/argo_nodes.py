"""Nodes of the Argo workflow as which Kubeflow Pipelines 2.17 runs a pipeline.

Each step is a driver and an executor, each a pod; around them are graphs, and around everything
what Argo adds where a default says that all templates may be tried again, as Kubeflow ships it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DRIVER, EXECUTOR = "system-container-driver", "retry-system-container-impl"
RUNTIME_STATES = {
    "Pending": "PENDING",
    "Running": "RUNNING",
    "Succeeded": "SUCCEEDED",
    "Skipped": "SKIPPED",
    "Failed": "FAILED",
    "Error": "FAILED",
}
"""What Kubeflow makes of Argo's phases; of any other it says nothing."""
BRANCHES = ("release", "reject", "conclude")
"""Steps of a branch, which stand two graphs deeper."""


@dataclass
class StepNodes:
    """How far a step is.

    Attributes:
        name: of the step in its pipeline.
        phases: of its attempts; none where an earlier result serves.
        message: what Argo says of the last attempt.
        lap: of the loop that it stands in.
        driver: phase of its driver.
        drivers_before: drivers that were lost, which Argo started again.
    """

    name: str
    phases: tuple[str, ...] = ("Succeeded",)
    message: str = ""
    lap: int | None = None
    driver: str = "Succeeded"
    drivers_before: int = 0

    @property
    def phase(self) -> str:
        return self.phases[-1] if self.phases else "Succeeded"


@dataclass
class Nodes:
    """The nodes of a workflow, by whose names they were added."""

    workflow: str
    titles: Mapping[str, str]
    nodes: dict[str, Json] = field(default_factory=dict)

    def add(self, path: str, kind: str, phase: str, template: str = "", **more: Any) -> str:
        """Add a node if it is not there, and return its name."""
        number = len(self.nodes)
        node = {
            "id": f"{self.workflow}-{number:04d}",
            "name": path,
            "displayName": path.rpartition(".")[2],
            "type": kind,
            "phase": phase,
            "startedAt": f"2026-11-02T00:{number // 60:02d}:{number % 60:02d}Z",
            **({"templateName": template} if template else {}),
            **more,
        }
        self.nodes.setdefault(path, node)
        return path

    def omit(self, parent: str, step: str) -> None:
        """A step that is not begun, since one before it failed."""
        for path in (f"{parent}.{step}-driver", f"{parent}.{step}"):
            self.add(path, "Skipped", "Omitted", message="omitted: depends condition not met")

    def graph(self, path: str, phase: str, template: str) -> str:
        """A graph that may be tried again, in its first attempt."""
        self.add(path, "Retry", phase, template)
        return self.add(f"{path}(0)", "DAG", phase, template)

    def pod(self, path: str, phase: str, template: str, lost: int = 0, **more: Any) -> None:
        self.add(path, "Retry", phase, template)
        for number in range(lost):
            self.add(f"{path}({number})", "Pod", "Error", template, **more, message="pod deleted")
        self.add(f"{path}({lost})", "Pod", phase, template, **more)

    def step(self, parent: str, step: StepNodes) -> None:
        """Driver and executor of a step."""
        if step.name in BRANCHES:
            parent = self.graph(f"{parent}.condition-branches-1", step.phase, "comp-condition")
            parent = self.graph(f"{parent}.condition-2", step.phase, "comp-condition-2")
        if step.lap is not None:
            lap = f"{parent}.for-loop-1(0).iteration({step.lap}:{step.lap})"
            parent = self.graph(
                f"{self.graph(lap, step.phase, 'iteration')}.iteration-item", "", ""
            )
        task = {"taskInfo": {"name": self.titles.get(step.name, step.name)}}
        given = [{"name": "task", "value": json.dumps(task)}]
        driven = f"{parent}.{step.name}-driver"
        said = {"message": step.message} if step.message else {}
        began = step.driver == "Succeeded"
        inputs = {"inputs": {"parameters": given}}
        lost = step.drivers_before
        self.pod(driven, step.driver, DRIVER, lost, **inputs, **({} if began else said))
        if not began:
            return
        graph = self.graph(f"{parent}.{step.name}", step.phase, "retry-system-container-executor")
        executor = f"{graph}.executor"
        if not step.phases:
            self.add(executor, "Skipped", "Skipped", EXECUTOR, message="when 'true != true'")
            return
        self.add(executor, "Retry", step.phase, EXECUTOR)
        for number, phase in enumerate(step.phases):
            last = number == len(step.phases) - 1
            self.add(f"{executor}({number})", "Pod", phase, EXECUTOR, **(said if last else {}))


def workflow_of(
    name: str, steps: list[StepNodes], phase: str, titles: Mapping[str, str], **spec: Any
) -> Json:
    """A workflow that is so far."""
    nodes = Nodes(name, titles)
    entry = nodes.graph(name, phase, "entrypoint")
    nodes.pod(f"{entry}.root-driver", "Succeeded", "system-dag-driver")
    root = nodes.graph(f"{entry}.root", phase, "root")
    for step in steps:
        nodes.step(root, step)
    if steps and steps[-1].phase == "Failed":
        nodes.omit(root, "what-follows")
    kept = {node["id"]: node for node in nodes.nodes.values()}
    return {"metadata": {"name": name}, "spec": spec, "status": {"phase": phase, "nodes": kept}}


def task_details(workflow: Json) -> list[Json]:
    """What the second version of Kubeflow's API tells of the nodes: no kind, no step, no title."""
    nodes = sorted(workflow["status"]["nodes"].values(), key=lambda node: str(node["id"]))
    return [
        {
            "display_name": node["displayName"],
            "start_time": node["startedAt"],
            **({"state": RUNTIME_STATES[node["phase"]]} if node["phase"] in RUNTIME_STATES else {}),
        }
        for node in nodes
    ]
