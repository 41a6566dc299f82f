"""The next write: one small step at a time, and none that takes the traffic from who answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from matops.adapters.kubernetes.kserve_manifests import PodSettings, canary, inference_service
from matops.adapters.kubernetes.kserve_plan import Observed, Wait, Write, next_step
from matops.adapters.kubernetes.kserve_status import NOT_RECONCILED, traffic_percent, unready_reason
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family

FAMILY = get_family("elastic_cgcnn")
PODS = PodSettings()
A, B, C = (Arm(name, f"v{name}", f"s3://models/{name}") for name in "abc")
CALM = Rollout(0, A)
BEGUN = Rollout(1, A, B, C, 10)


def observed(
    state: Rollout,
    stable: Arm,
    entries: dict[Arm, int],
    ready: str,
    shares: dict[str, int] | None,
    seen: int = 5,
) -> Observed:
    """A deployment at generation 5 whose arms named in ``ready`` answer."""
    service = inference_service(FAMILY, replace(state, champion=stable), PODS)
    service["metadata"]["annotations"] |= inference_service(FAMILY, state, PODS)["metadata"][
        "annotations"
    ]
    service["metadata"]["generation"] = 5
    service["spec"]["canary"] = [canary(arm, share, PODS) for arm, share in entries.items()]
    statuses = [{"name": a.name, "ready": a.name in ready, "trafficPercent": 0} for a in entries]
    condition = {"type": "PredictorReady", "status": str(stable.name in ready)}
    service["status"] = {
        "observedGeneration": seen,
        "conditions": [condition],
        "canaryStatuses": statuses,
    }
    return Observed(service, shares)


def shares_of(step: Any) -> dict[str, int]:
    assert isinstance(step, Write)
    return {e["predictor"]["name"]: e["trafficPercent"] for e in step.patch["spec"]["canary"]}


def test_new_arms_start_without_traffic_and_the_state_is_kept_at_once() -> None:
    step = next_step(observed(CALM, A, {}, "a", {"a": 100}), BEGUN, PODS)
    assert shares_of(step) == {"b": 0, "c": 0}
    assert isinstance(step, Write)
    assert '"generation":1' in step.patch["metadata"]["annotations"]["matops/rollout"]


def test_shares_rise_when_all_arms_answer_and_not_before() -> None:
    waiting = observed(BEGUN, A, {B: 0, C: 0}, "ab", {"a": 100})
    step = next_step(waiting, BEGUN, PODS)
    assert step == Wait("c: not ready yet")
    ready = observed(BEGUN, A, {B: 0, C: 0}, "abc", {"a": 100})
    assert shares_of(next_step(ready, BEGUN, PODS)) == {"b": 10, "c": 10}


def test_an_arm_that_stops_to_answer_keeps_its_share_and_gets_no_more() -> None:
    more = replace(BEGUN, generation=2, share_percent=25)
    found = observed(BEGUN, A, {B: 10, C: 10}, "ac", {"a": 80, "b": 10, "c": 10})
    assert shares_of(next_step(found, more, PODS)) == {"b": 10, "c": 10}
    less = replace(BEGUN, generation=2, share_percent=5)
    assert shares_of(next_step(found, less, PODS)) == {"b": 5, "c": 5}


def test_what_kserve_has_not_seen_is_waited_for() -> None:
    found = observed(BEGUN, A, {B: 10, C: 10}, "abc", {"a": 100}, seen=4)
    step = next_step(found, BEGUN, PODS)
    assert isinstance(step, Wait)
    assert NOT_RECONCILED in step.reason


def test_the_goal_is_reached_when_the_route_follows() -> None:
    late = observed(BEGUN, A, {B: 10, C: 10}, "abc", {"a": 100})
    step = next_step(late, BEGUN, PODS)
    assert isinstance(step, Wait)
    assert step.for_traffic
    there = observed(BEGUN, A, {B: 10, C: 10}, "abc", {"a": 80, "b": 10, "c": 10})
    assert next_step(there, BEGUN, PODS) is None


BACK = Rollout(2, A, move="roll_back")


def test_a_roll_back_takes_the_traffic_first_and_then_the_pods() -> None:
    full = {"a": 80, "b": 10, "c": 10}
    asked = observed(BEGUN, A, {B: 10, C: 10}, "abc", full)
    assert shares_of(next_step(asked, BACK, PODS)) == {"b": 0, "c": 0}
    drained = observed(BACK, A, {B: 0, C: 0}, "abc", full)
    assert isinstance(next_step(drained, BACK, PODS), Wait)
    empty = observed(BACK, A, {B: 0, C: 0}, "abc", {"a": 100})
    assert shares_of(next_step(empty, BACK, PODS)) == {}
    assert next_step(observed(BACK, A, {}, "a", None), BACK, PODS) is None


NEXT = Rollout(2, B, move="promote")


def test_a_promotion_gives_all_traffic_to_the_new_champion_before_the_old_one_goes() -> None:
    full = {"a": 80, "b": 10, "c": 10}
    asked = next_step(observed(BEGUN, A, {B: 10, C: 10}, "abc", full), NEXT, PODS)
    assert shares_of(asked) == {"b": 100, "c": 0}
    assert isinstance(asked, Write)
    assert "metadata" not in asked.patch  # not yet the champion
    moved = observed(BEGUN, A, {B: 100, C: 0}, "abc", full)
    assert isinstance(next_step(moved, NEXT, PODS), Wait)
    last = next_step(observed(BEGUN, A, {B: 100, C: 0}, "abc", {"b": 100}), NEXT, PODS)
    assert shares_of(last) == {}
    assert isinstance(last, Write)
    assert last.patch["spec"]["predictor"]["name"] == "b"
    assert '"generation":2' in last.patch["metadata"]["annotations"]["matops/rollout"]


def test_a_champion_that_does_not_answer_does_not_take_over() -> None:
    step = next_step(observed(BEGUN, A, {B: 10, C: 10}, "ac", {"a": 100}), NEXT, PODS)
    assert step == Wait("b: not ready yet")


def test_a_champion_from_nowhere_is_started_beside_the_others() -> None:
    step = next_step(observed(BEGUN, A, {B: 10}, "ab", {"a": 90, "b": 10}), Rollout(2, C), PODS)
    assert shares_of(step) == {"b": 10, "c": 0}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({}, "not started yet"),
        ({"conditions": [{"type": "PredictorReady", "status": "True"}]}, ""),
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
    service = inference_service(FAMILY, CALM, PODS)
    service["status"] = status
    assert unready_reason(service, "a") == words
    assert unready_reason(service, "z") == "not part of the deployment"


def route(*backends: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"rules": [{"backendRefs": list(backends)}]}}


def test_a_route_is_read_as_percentages_by_arm() -> None:
    a, b = ({"name": f"elastic-cgcnn-{arm}-predictor"} for arm in "ab")
    assert traffic_percent(route(a), FAMILY, ["a"]) == {"a": 100}
    split = route(a | {"weight": 3}, b | {"weight": 1}, {"name": "other", "weight": 0})
    assert traffic_percent(split, FAMILY, ["a", "b"]) == {"a": 75, "b": 25}
    assert traffic_percent(route(a, b | {"weight": 0}), FAMILY, ["b"]) == {a["name"]: 100}
    assert traffic_percent({"spec": {}}, FAMILY, ["a"]) == {}
