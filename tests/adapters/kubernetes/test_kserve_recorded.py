"""What a real KServe 0.21 and Traefik were seen to do in one release, moment by moment.

data/kserve_walk.json has, for each change that was seen: the specification, what the status told,
both routes with the generation that the gateway had taken, and the pods. ``followed`` says whether
the traffic went where the specification sends it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from matops.adapters.kubernetes.kserve_manifests import (
    PodSettings,
    arm_service,
    canary,
    inference_service,
)
from matops.adapters.kubernetes.kserve_status import lag_reason, route_names, unready_reason
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.kserve_controller import Controller

Json = dict[str, Any]

FAMILY = get_family("elastic_cgcnn")
PODS = PodSettings()
WALK: list[Json] = json.loads((Path(__file__).parent / "data" / "kserve_walk.json").read_text())
TICKS = 8


def arm(name: str) -> Arm:
    return Arm(name, name[1:], f"s3://models/{name[1:9]}")


def service(moment: Json, generation: int = 1) -> Json:
    """The InferenceService of a moment."""
    made = inference_service(FAMILY, Rollout(1, arm(moment["stable"])), PODS)
    shares = moment["canaries"].items()
    made["spec"]["canary"] = [canary(arm(name), share, PODS, 1) for name, share in shares]
    made["metadata"]["generation"] = generation
    told = [
        {"name": name, "ready": ready, "trafficPercent": share}
        for name, ready, share in moment["told"]
    ]
    made["status"] = {
        "observedGeneration": moment["observed_generation"],
        "conditions": [{"type": "PredictorReady", "status": moment["champion_ready"]}],
        "canaryStatuses": told,
    }
    return made


def route(seen: Json) -> Json:
    backends = [{"name": arm_service(FAMILY, n), "weight": w} for n, w in seen["weights"].items()]
    accepted = {"type": "Accepted", "status": "True", "observedGeneration": seen["taken"]}
    return {
        "metadata": {"generation": seen["generation"]},
        "spec": {"rules": [{"backendRefs": backends}]},
        "status": {"parents": [{"conditions": [accepted]}]},
    }


@pytest.mark.parametrize("moment", WALK, ids=map(str, range(len(WALK))))
def test_the_adapter_sees_when_the_traffic_follows(moment: Json) -> None:
    routes = [route(seen) for seen in moment["routes"]]
    assert (lag_reason(FAMILY, service(moment), routes) == "") == moment["followed"]
    ready = {name: ready for name, ready, _ in moment["told"]}
    for name in moment["canaries"]:
        assert bool(unready_reason(service(moment), name)) != ready.get(name, False)


def test_no_pod_was_replaced() -> None:
    seen: dict[str, set[str]] = {}
    for moment in WALK:
        for name, pod in moment["pods"].items():
            seen.setdefault(name, set()).add(pod)
    assert [len(pods) for pods in seen.values()] == [1, 1, 1]


def test_the_generation_in_the_status_told_nothing() -> None:
    assert {moment["observed_generation"] for moment in WALK} == {1}


def settled() -> list[Json]:
    """The last moment of each specification."""
    specs = [(moment["stable"], moment["canaries"]) for moment in WALK]
    after = [*specs[1:], None]
    return [m for m, own, following in zip(WALK, specs, after, strict=True) if own != following]


def test_the_tests_own_controller_comes_to_the_same() -> None:
    controller = Controller(2, 1, 2, {}, gateway=True)
    for generation, moment in enumerate(settled(), 1):
        given = service(moment, generation)
        for _ in range(TICKS):
            status = controller.pass_time(given)
        assert status is not None
        told = [(t["name"], t["trafficPercent"]) for t in status.get("canaryStatuses", [])]
        assert told == [(name, share) for name, _, share in moment["told"]]
        assert status["observedGeneration"] == moment["observed_generation"]
        if moment["followed"]:
            for name, seen in zip(route_names(FAMILY), moment["routes"], strict=True):
                assert {a: w for a, w in controller.routes[name].weights.items() if w} == {
                    a: w for a, w in seen["weights"].items() if w
                }
        assert all(d.restarts == 0 for d in controller.deployments.values())
