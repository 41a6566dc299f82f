"""Argo's workflow, as which Kubeflow runs a pipeline: the steps among its many nodes.

Kubeflow makes two pods of a step, a driver and an executor, and graphs around them; Argo adds a
node for whatever may be tried again. A node's name is its path, as in
``train-and-release-x7k2p(0).root(0).train(0).executor(1)``, where the numbers count attempts; that
of a loop has its place and value, ``iteration(2:2)``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from matops.steps.pipelines.pipeline_service import RunState, StepState

Json = Mapping[str, Any]

DRIVER, EXECUTOR = "system-container-driver", "system-container-impl"
"""Templates of the two pods; the second one's has prefixes."""
GRAPH_DRIVER, WHOLE = "system-dag-driver", ".root"
"""Template of the pod before a loop or a branch, and the path of the graph of everything."""
DRIVEN = re.compile(r"(.+)-driver(\(\d+\))?")
EXECUTED = re.compile(r"(.+?)(\(\d+\))?\.executor(\(\d+\))?")
LAP = re.compile(r".*\((\d+):[^()]*\)")
PHASES: dict[str, RunState] = {
    "Pending": "waiting",
    "Running": "running",
    "Succeeded": "succeeded",
    "Skipped": "skipped",
    "Failed": "failed",
    "Error": "failed",
}


def read_steps(workflow: Json) -> tuple[StepState, ...]:
    """The steps that began, oldest first."""
    nodes = _nodes(workflow)
    drivers = [node for node in nodes if node.get("templateName") == DRIVER and _is_pod(node)]
    drivers.sort(key=lambda node: (node.get("startedAt") or "", node["name"]))
    latest = {path: node for node in drivers for path in _paths(DRIVEN, node)}
    executors: dict[str, list[Json]] = {}
    for node in nodes:
        for path in _paths(EXECUTED, node):
            executors.setdefault(path, []).append(node)
    steps: dict[str, StepState] = {}
    for path, driver in latest.items():
        step = _read_step(path, driver, executors.get(path, []), steps)
        steps[step.title] = step
    return tuple(steps.values())


def failure(workflow: Json) -> str:
    """What ended a workflow as a whole, where that was no step of its own; empty if nothing."""
    return _line(workflow.get("status", {}))


def driven_twice(workflow: Json) -> str:
    """Title of the step, or the loop, whose driver ran again, and after which a later one failed.

    A driver notes its step in Kubeflow's metadata. One that is killed is started again by Argo and
    notes it once more; each driver after it then ends with "two tasks have the same task name",
    however often it is tried.
    """
    nodes = sorted(_nodes(workflow), key=lambda node: node.get("startedAt") or "")
    drivers: dict[str, list[Json]] = {}
    for node in nodes:
        if node.get("templateName") in (DRIVER, GRAPH_DRIVER) and _is_pod(node):
            for path in _paths(DRIVEN, node):
                drivers.setdefault(path, []).append(node)
    # Of the graph of everything there is one in the metadata, however often its driver runs.
    twice = {path: pods for path, pods in drivers.items() if not path.endswith(WHOLE)}
    again = [path for path, pods in twice.items() if len(pods) > 1 and _succeeded(pods[-1])]
    if not again or all(_succeeded(pods[-1]) for pods in drivers.values()):
        return ""
    name = re.sub(r"\(\d+\)$", "", again[0].rpartition(".")[2])
    return _title(name, again[0], drivers[again[0]][-1], {})


def was_terminated(workflow: Json) -> bool:
    """Whether somebody ended the run, which Kubeflow does by a deadline of no time at all."""
    return bool(workflow.get("spec", {}).get("activeDeadlineSeconds") == 0)


def is_scheduled(workflow: Json) -> bool:
    """Whether a schedule owns the workflow, and takes it along when it is deleted."""
    owners = workflow.get("metadata", {}).get("ownerReferences") or []
    return any(owner.get("kind") == "ScheduledWorkflow" for owner in owners)


def _nodes(workflow: Json) -> list[Json]:
    return list((workflow.get("status", {}).get("nodes") or {}).values())


def _succeeded(node: Json) -> bool:
    return bool(node["phase"] == "Succeeded")


def _is_pod(node: Json) -> bool:
    return bool(node.get("type") == "Pod")


def _paths(form: re.Pattern[str], node: Json) -> Iterator[str]:
    """The path of the step to which a node belongs, if it does."""
    if found := form.fullmatch(node["name"]):
        yield found[1]


def _read_step(
    path: str, driver: Json, executors: list[Json], others: Mapping[str, StepState]
) -> StepState:
    pods = [node for node in executors if _is_pod(node)]
    pods.sort(key=lambda node: (node.get("startedAt") or "", node["name"]))
    name = re.sub(r"\(\d+\)$", "", path.rpartition(".")[2])
    state, reason = _state(driver, pods, executors)
    return StepState(name, _title(name, path, driver, others), state, len(pods), reason)


def _state(driver: Json, pods: list[Json], executors: list[Json]) -> tuple[RunState, str]:
    """State of a step and why, by whichever of its nodes came last."""
    retrying = [n for n in executors if n["type"] == "Retry" and n["phase"] == "Running"]
    if pods and retrying and PHASES[pods[-1]["phase"]] == "failed":
        return "waiting", _line(pods[-1]) + f"; {_line(retrying[0]) or 'is tried again'}"
    if pods:
        return PHASES[pods[-1]["phase"]], _line(pods[-1])
    if any(node["type"] == "Skipped" for node in executors):
        return "succeeded", "an earlier result served"
    state = PHASES.get(driver["phase"], "waiting")
    return (state, _line(driver)) if state == "failed" else ("waiting", _line(driver))


def _line(node: Json) -> str:
    """First line of what Argo says of a node."""
    return str(node.get("message") or "").strip().partition("\n")[0]


def _title(name: str, path: str, driver: Json, others: Mapping[str, StepState]) -> str:
    """Name for people, with the lap of a loop, or a number where the name is taken."""
    parameters = driver.get("inputs", {}).get("parameters") or []
    given = {item["name"]: item.get("value") for item in parameters}
    title = str(json.loads(given.get("task") or "{}").get("taskInfo", {}).get("name") or name)
    lap = LAP.match(path)
    title = f"{title} {lap[1]}" if lap else title
    if title not in others:
        return title
    number = next(n for n in range(2, len(others) + 3) if f"{title} ({n})" not in others)
    return f"{title} ({number})"
