"""What ``matops platform`` shows of runs, which here are as those of a real Kubeflow were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.argo_nodes import StepNodes
from tests.support.kubeflow_server import Kubeflow

if TYPE_CHECKING:
    from tests.entrypoints.cli.pipelines.conftest import Platform

FAMILY = "elastic_cgcnn"
TRAIN = ("run", "train_and_release", "-f", FAMILY)
NIGHTLY = ("schedule", "retrain_on_new_data", "-f", FAMILY, "--cron", "0 0 3 * * *")
CROWDED = "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."


@pytest.fixture(autouse=True)
def uploaded(platform: Platform) -> None:
    assert platform("upload", "train_and_release", "retrain_on_new_data").status == 0


def status(platform: Platform, run: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(platform("status", run, "--json").out)
    return told


def started(kubeflow: Kubeflow, platform: Platform) -> str:
    """A run that begins, looked at once."""
    assert platform(*TRAIN, "--no-wait").status == 0
    run = list(kubeflow.runs)[-1]
    status(platform, run)
    return run


def test_only_steps_are_shown_by_their_titles(kubeflow: Kubeflow, platform: Platform) -> None:
    assert platform(*TRAIN).status == 0
    (run,) = kubeflow.runs.values()
    names = {task["display_name"] for task in run["run_details"]["task_details"]}
    assert {
        "wf-x7k2p",
        "wf-x7k2p(0)",
        "root(0)",
        "train",
        "train(0)",
        "train-driver(0)",
        "executor(0)",
    } <= names
    lines = platform("status", run["run_id"]).out.splitlines()
    steps = [line for line in lines if ": " in line]
    assert steps == [
        "Ingest new data: succeeded",
        "Prepare samples: succeeded",
        "Train the ensemble: succeeded",
        "Evaluate and judge: succeeded",
        "Release: succeeded",
    ]


def test_a_pod_that_no_node_takes_says_why(kubeflow: Kubeflow, platform: Platform) -> None:
    kubeflow.steps["ingest"] = StepNodes("ingest", ("Pending",), CROWDED)
    run = started(kubeflow, platform)
    assert status(platform, run)["steps"][0]["reason"] == CROWDED
    assert f"Ingest new data: waiting: {CROWDED}" in platform("status", run).out


def test_attempts_are_counted_and_the_last_one_speaks(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    kubeflow.steps["train"] = StepNodes("train", ("Failed", "Error", "Succeeded"))
    kubeflow.steps["preprocess"] = StepNodes("preprocess", ())
    assert platform(*TRAIN).status == 0
    steps = {step["name"]: step for step in status(platform, *kubeflow.runs)["steps"]}
    assert (steps["train"]["attempts"], steps["train"]["state"]) == (3, "succeeded")
    assert steps["preprocess"]["reason"] == "an earlier result served"
    out = platform("status", *kubeflow.runs).out
    assert "Train the ensemble: succeeded, attempt 3\n" in out


def test_a_run_that_somebody_ended_is_not_one_that_failed(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    run = started(kubeflow, platform)
    kubeflow.answer("POST", f"/apis/v2beta1/runs/{run}:terminate", {}, None)
    told = status(platform, run)
    assert kubeflow.runs[run]["state"] == "FAILED"
    assert (told["state"], told["error"]) == ("cancelled", "")
    assert json.loads(platform("status", "--json").out)["runs"][0]["state"] == "cancelled"
    kubeflow.lives[run].workflow = {}
    kubeflow.runs[run]["state_history"] += [{"state": "RUNNING"}, {"state": "FAILED"}]
    assert status(platform, run)["state"] == "failed"


def test_a_run_that_failed_goes_on_where_it_was(kubeflow: Kubeflow, platform: Platform) -> None:
    kubeflow.ends, kubeflow.script = "FAILED", ("ingest", "preprocess", "train")
    done = platform(*TRAIN)
    assert done.status == 2
    (run,) = kubeflow.runs
    assert f"matops platform retry {run}" in done.err
    kubeflow.script = ("ingest", "preprocess", "train", "evaluate", "release")
    done = platform("retry", run)
    assert done.status == 0, done
    assert "accepted" in done.out
    again = platform("retry", run)
    assert again.err == f"matops: run {run} is succeeded; only one that failed can go on\n"
    assert again.status == 2
    assert len(kubeflow.runs) == 1


def test_a_run_whose_driver_was_lost_must_be_started_anew(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    kubeflow.ends, kubeflow.script = "FAILED", ("ingest", "preprocess", "train")
    kubeflow.steps = {
        "preprocess": StepNodes("preprocess", drivers_before=1),
        "train": StepNodes("train", driver="Failed", message="main: Error (exit code 1)"),
    }
    said = (
        "can't go on: Kubeflow started the driver of 'Prepare samples' again, and has the step "
        "twice; start it anew: what is cached is not done again\n"
    )
    done = platform(*TRAIN, "--retries", "2")
    (run,) = kubeflow.runs
    assert done.status == 2
    assert done.err.endswith(f"run {run} {said}")
    done = platform("retry", run)
    assert (done.status, done.err) == (2, f"matops: run {run} {said}")
    assert not [path for _, path in kubeflow.requests if path.endswith(":retry")]


def test_a_run_goes_on_by_itself_as_often_as_asked(kubeflow: Kubeflow, platform: Platform) -> None:
    kubeflow.ends = "FAILED"
    done = platform(*TRAIN, "--retries", "2")
    assert done.status == 0, done
    assert "Release: main: Error (exit code 3); goes on, 1 retries left" in done.err
    asked = [path for method, path in kubeflow.requests if path.endswith(":retry")]
    assert len(asked) == 1


@pytest.mark.parametrize("change", [("--off",), ("--cron", "0 30 4 * * *")])
def test_a_run_under_way_outlives_its_schedule(
    kubeflow: Kubeflow, platform: Platform, change: tuple[str, ...]
) -> None:
    platform(*NIGHTLY)
    (schedule,) = kubeflow.recurring
    run = kubeflow.fire(schedule)
    done = platform(*NIGHTLY[:4], *change)
    assert done.status == 0, done
    assert f"of the old schedule goes on: matops platform status {run}" in done.err
    assert schedule not in kubeflow.recurring
    before = kubeflow.requests
    disabled = next(n for n, (_, path) in enumerate(before) if path.endswith(":disable"))
    deleted = next(n for n, (method, _) in enumerate(before) if method == "DELETE")
    assert disabled < deleted
    while status(platform, run)["state"] == "running":
        assert not kubeflow.lives[run].gone
    assert status(platform, run)["outcome"] == "accepted"


def test_a_run_that_went_with_its_schedule_is_told(kubeflow: Kubeflow, platform: Platform) -> None:
    """Kubeflow's own page deletes a schedule with its runs, which then run for ever to it."""
    platform(*NIGHTLY)
    (schedule,) = kubeflow.recurring
    run = kubeflow.fire(schedule)
    assert status(platform, run)["error"] == ""
    kubeflow.answer("DELETE", f"/apis/v2beta1/recurringruns/{schedule}", {}, None)
    words = "its schedule was deleted, and perhaps the run with it"
    for _ in range(10):
        told = status(platform, run)
        assert (told["state"], told["error"]) == ("running", words)
    assert words in platform("status", run).out


def test_a_run_that_was_let_go_on_is_never_called_over_before_it_is(
    kubeflow: Kubeflow, platform: Platform
) -> None:
    """For seconds, Kubeflow shows the workflow as it was while its schedule owned it."""
    platform(*NIGHTLY)
    (schedule,) = kubeflow.recurring
    run = kubeflow.fire(schedule)
    status(platform, run)
    platform(*NIGHTLY[:4], "--off")
    assert kubeflow.lives[run].workflow["metadata"]["ownerReferences"]
    (overview,) = json.loads(platform("status", "--json").out)["runs"]
    assert overview["state"] == "running"
    while (told := status(platform, run))["state"] == "running":
        assert told["error"] == ""
    assert told["outcome"] == "accepted"


def test_a_server_without_the_old_api_shows_the_outcome(
    kubeflow: Kubeflow, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeflow, "runs_of_old", lambda _: (404, {"code": 5, "message": "gone"}))
    done = platform(*TRAIN, "--json")
    assert json.loads(done.out)["steps"] == []
    assert json.loads(done.out)["outcome"] == "accepted"
