"""Steps among the nodes of a workflow, which are as Argo made them on a real Kubeflow."""

from __future__ import annotations

import pytest

from matops.adapters.pipelines.argo_workflow import driven_twice, read_steps
from matops.steps.pipelines.pipeline_service import StepState
from tests.support.argo_nodes import Nodes, StepNodes, workflow_of

TITLES = {"number-shards": "Split the campaign", "simulate-shard": "Simulate a share"}


def steps_of(*steps: StepNodes, phase: str = "Running") -> tuple[StepState, ...]:
    return read_steps(workflow_of("simulate-x7k2p", list(steps), phase, TITLES))


def test_laps_of_a_loop_are_told_apart() -> None:
    laps = [StepNodes("simulate-shard", lap=lap) for lap in range(3)]
    titles = [step.title for step in steps_of(StepNodes("number-shards"), *laps)]
    assert titles == ["Split the campaign", *(f"Simulate a share {lap}" for lap in range(3))]


def test_a_title_that_is_taken_gets_a_number() -> None:
    workflow = workflow_of("a-b", [StepNodes("ingest"), StepNodes("again")], "Running", {})
    for node in workflow["status"]["nodes"].values():
        node["name"] = node["name"].replace(".again", ".nested(0).ingest")
        for given in node.get("inputs", {}).get("parameters", []):
            given["value"] = given["value"].replace("again", "ingest")
    assert [step.title for step in read_steps(workflow)] == ["ingest", "ingest (2)"]
    assert {step.name for step in read_steps(workflow)} == {"ingest"}


def test_a_driver_is_what_a_step_waits_for_or_fails_by() -> None:
    (waits,) = steps_of(StepNodes("number-shards", driver="Pending", message="Unschedulable: no"))
    assert (waits.state, waits.attempts, waits.reason) == ("waiting", 0, "Unschedulable: no")
    (fails,) = steps_of(StepNodes("number-shards", driver="Failed", message="main: Error"))
    assert (fails.state, fails.reason) == ("failed", "main: Error")


@pytest.mark.parametrize(
    ("before", "driver", "lost"),
    [(1, "Failed", "Split the campaign"), (0, "Failed", ""), (1, "Succeeded", "")],
)
def test_a_step_is_noted_twice_where_its_driver_ran_again_and_a_later_one_failed(
    before: int, driver: str, lost: str
) -> None:
    steps = [
        StepNodes("number-shards", drivers_before=before),
        StepNodes("simulate-shard", driver=driver, message="main: Error (exit code 1)"),
    ]
    assert driven_twice(workflow_of("a-b", steps, "Failed", TITLES)) == lost


@pytest.mark.parametrize(("graph", "lost"), [("root(0).for-loop-1(0).iteration", 1), ("root", 0)])
def test_the_driver_of_a_loop_counts_and_that_of_the_whole_run_does_not(
    graph: str, lost: int
) -> None:
    failed = StepNodes("gather-shards", driver="Failed", message="main: Error (exit code 1)")
    nodes = Nodes("a-b", TITLES)
    nodes.pod(f"a-b(0).{graph}-driver", "Succeeded", "system-dag-driver", lost=1)
    workflow = workflow_of("a-b", [failed], "Failed", TITLES)
    workflow["status"]["nodes"] |= {f"graph-{key}": node for key, node in nodes.nodes.items()}
    assert bool(driven_twice(workflow)) == lost


def test_between_two_attempts_a_step_waits() -> None:
    step = StepNodes("simulate-shard", ("Failed",), "main: Error (exit code 3)")
    workflow = workflow_of("a-b", [step], "Running", {})
    (retry,) = (
        node
        for node in workflow["status"]["nodes"].values()
        if node["type"] == "Retry" and node["displayName"] == "executor"
    )
    retry.update(phase="Running", message="Backoff for 1 minute 0 seconds")
    (found,) = read_steps(workflow)
    assert found.state == "waiting"
    assert found.reason == "main: Error (exit code 3); Backoff for 1 minute 0 seconds"


def test_a_workflow_without_nodes_has_no_steps() -> None:
    assert read_steps({}) == ()
    assert read_steps({"status": {"nodes": None}}) == ()
