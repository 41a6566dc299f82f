"""What KServe and a gateway say: who answers, and where the traffic goes."""

from __future__ import annotations

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

FAMILY = get_family("elastic_cgcnn")
A, B = (Arm(name, f"v{name}", f"s3://models/{name}") for name in "ab")


def service(status: dict[str, Any], **shares: int) -> dict[str, Any]:
    """An InferenceService with canaries by name."""
    made = inference_service(FAMILY, Rollout(0, A), PodSettings())
    arms = [Arm(name, name, f"s3://models/{name}") for name in shares]
    made["spec"]["canary"] = [canary(arm, shares[arm.name], PodSettings(), 1) for arm in arms]
    return made | {"status": status}


READY = {"conditions": [{"type": "PredictorReady", "status": "True"}]}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({}, "not started yet"),
        (READY, ""),
        (
            {
                "conditions": [{"type": "PredictorReady", "status": "False", "reason": "Backoff"}],
                "modelStatus": {"lastFailureInfo": {"reason": "ModelLoadFailed"}},
            },
            "Backoff: ModelLoadFailed",
        ),
    ],
)
def test_why_a_champion_does_not_answer(status: dict[str, Any], words: str) -> None:
    assert unready_reason(service(status), "a") == words
    assert unready_reason(service(status), "z") == "not part of the deployment"


def told(name: str, ready: bool, share: int) -> dict[str, Any]:
    return {"name": name, "ready": ready, "trafficPercent": share}


def test_a_champion_that_was_a_canary_at_the_last_look_is_judged_as_one() -> None:
    stale = READY | {"canaryStatuses": [told("a", False, 100)]}
    assert unready_reason(service(stale), "a") == "not ready yet"


def test_a_canary_that_kserve_does_not_tell_has_not_started() -> None:
    assert unready_reason(service(READY, b=0), "b") == "not started yet"
    failed = told("b", False, 0) | {"modelStatus": {"lastFailureInfo": {"message": "no bucket"}}}
    assert unready_reason(service({"canaryStatuses": [failed]}, b=0), "b").endswith("no bucket")


def routes(*rules: dict[str, int | None]) -> tuple[dict[str, Any], ...]:
    """Both HTTPRoutes of a family, with weights by arm in each rule; None is no weight."""
    backends = [
        [
            {"name": arm_service(FAMILY, arm)} | ({} if w is None else {"weight": w})
            for arm, w in rule.items()
        ]
        for rule in rules
    ]
    accepted = {"type": "Accepted", "status": "True"}
    route = {
        "metadata": {"generation": 2},
        "spec": {"rules": [{"backendRefs": refs} for refs in backends]},
        "status": {"parents": [{"conditions": [accepted]}]},
    }
    return tuple(route for _ in route_names(FAMILY))


def test_the_traffic_follows_when_every_rule_splits_as_written() -> None:
    split = service(READY | {"canaryStatuses": [told("b", True, 25)]}, b=25)
    assert lag_reason(FAMILY, split, routes({"a": 75, "b": 25})) == ""
    assert lag_reason(FAMILY, split, routes({"a": 3, "b": 1})) == ""
    assert "not yet" in lag_reason(FAMILY, split, routes({"a": 75, "b": 25}, {"a": None}))
    alone = service(READY)
    assert lag_reason(FAMILY, alone, routes({"a": None})) == ""
    assert "b-predictor 0 %" in lag_reason(FAMILY, alone, routes({"a": 100, "b": 0}))


def test_the_share_of_a_canary_that_does_not_answer_is_the_champions() -> None:
    down = service(READY | {"canaryStatuses": [told("b", False, 25)]}, b=25)
    assert lag_reason(FAMILY, down, routes({"a": 100})) == ""
    assert lag_reason(FAMILY, down, routes({"a": 75, "b": 25})) != ""


def test_a_route_that_no_gateway_has_taken_is_behind() -> None:
    alone = service(READY)
    untaken = [{**route, "status": {}} for route in routes({"a": 1})]
    assert lag_reason(FAMILY, alone, untaken).startswith("the gateway has not taken over HTTPRoute")
    refused = routes({"a": 1})
    refused[0]["status"]["parents"][0]["conditions"][0]["status"] = "False"
    assert "gateway" in lag_reason(FAMILY, alone, refused)
    assert "enableGatewayApi" in lag_reason(FAMILY, alone, (None, None))
