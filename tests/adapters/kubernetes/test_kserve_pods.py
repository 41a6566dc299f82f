"""Why an arm is not ready, from pods and Deployments as a real cluster told them."""

from __future__ import annotations

from typing import Any

import pytest

from matops.adapters.kubernetes.kserve_pods import arm_failure, pod_selector
from matops.families import get_family

Json = dict[str, Any]

NO_PACKAGE = (
    "2026-11-28 18:14:10 storage.initializer ERROR Storage initialization failed: Failed to fetch "
    "model. No model found in models/elastic_cgcnn/51b0c0de51b0."
)
NO_ROOM = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate"
REFUSED = (
    'pods "elastic-cgcnn-m51b0c0de-7-predictor-6f4c" is forbidden: violates PodSecurity '
    '"restricted:latest"'
)


def pod(*containers: Json, init: Json | None = None) -> Json:
    init_statuses = {"initContainerStatuses": [init]} if init else {}
    return {"status": {"containerStatuses": list(containers), **init_statuses}}


def container(name: str, ready: bool = False, **states: Json) -> Json:
    return {"name": name, "ready": ready, **states}


def ended(code: int, message: str = "", reason: str = "Error") -> Json:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def waiting(reason: str, message: str = "") -> Json:
    return {"waiting": {"reason": reason, "message": message}}


BACK_OFF = waiting("CrashLoopBackOff", "back-off 20s restarting failed container")
SERVER = container("kserve-container", state=waiting("PodInitializing"))
FETCHED = container("storage-initializer", ready=True, state=ended(0, reason="Completed"))
CASES = {
    "its package is missing": (
        pod(
            SERVER,
            init=container(
                "storage-initializer",
                state=BACK_OFF,
                lastState=ended(1, f"Initializing\n{NO_PACKAGE}\n"),
            ),
        ),
        f"storage-initializer ended with 1: {NO_PACKAGE}",
    ),
    "its server ran out of memory": (
        pod(container("kserve-container", state=ended(137, reason="OOMKilled")), init=FETCHED),
        "kserve-container ended with 137: OOMKilled",
    ),
    "its image is unknown": (
        pod(container("kserve-container", state=waiting("ErrImagePull", "no such image"))),
        "kserve-container: no such image",
    ),
    "no node has room": (
        {
            "status": {
                "conditions": [{"type": "PodScheduled", "status": "False", "message": NO_ROOM}]
            }
        },
        NO_ROOM,
    ),
    "it starts": (pod(SERVER, init=FETCHED), ""),
    "it runs and does not answer yet": (
        pod(container("kserve-container", state={"running": {}}), init=FETCHED),
        "",
    ),
    "it answers again after a restart": (
        pod(container("kserve-container", True, state={"running": {}}, lastState=ended(137))),
        "",
    ),
    "nothing is known yet": ({}, ""),
}


@pytest.mark.parametrize(("found", "told"), CASES.values(), ids=CASES)
def test_a_pod_tells_why_it_does_not_answer(found: Json, told: str) -> None:
    assert arm_failure([found], None) == told


def test_the_first_pod_that_tells_anything_is_heard() -> None:
    assert arm_failure([{}, CASES["no node has room"][0]], None) == NO_ROOM


def test_where_no_pod_may_be_made_the_deployment_tells() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": REFUSED}
    assert arm_failure([], {"status": {"conditions": [condition]}}) == REFUSED
    assert arm_failure([], {"status": {}}) == arm_failure([], None) == ""


def test_pods_are_found_by_the_label_that_kserve_gives_them() -> None:
    found = pod_selector(get_family("elastic_cgcnn"), "m51b0c0de-7")
    assert found == "app=isvc.elastic-cgcnn-m51b0c0de-7-predictor"
