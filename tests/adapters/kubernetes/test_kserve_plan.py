"""The next write: one small step at a time, and none that takes the traffic from who answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from matops.adapters.kubernetes.kserve_manifests import (
    PodSettings,
    arm_service,
    canary,
    inference_service,
)
from matops.adapters.kubernetes.kserve_plan import Observed, Step, Wait, Write, next_step
from matops.adapters.kubernetes.kserve_state import owned_by, read_state, state_map
from matops.adapters.kubernetes.kserve_status import NOT_RECONCILED
from matops.adapters.kubernetes.kubernetes_objects import SERVICES, STATES
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family

FAMILY = get_family("elastic_cgcnn")
PODS = PodSettings()
A, B, C = (Arm(name, f"v{name}", f"s3://models/{name}") for name in "abc")
CALM = Rollout(0, A)
BEGUN = Rollout(1, A, B, C, 10)


def route(split: dict[str, int], taken: bool = True) -> dict[str, Any]:
    """An HTTPRoute at generation 3."""
    backends = [{"name": arm_service(FAMILY, arm), "weight": w} for arm, w in split.items()]
    accepted = {"type": "Accepted", "status": "True", "observedGeneration": 3 if taken else 2}
    return {
        "metadata": {"generation": 3},
        "spec": {"rules": [{"backendRefs": backends}]},
        "status": {"parents": [{"conditions": [accepted]}]},
    }


def observed(
    state: Rollout,
    stable: Arm,
    entries: dict[Arm, int],
    ready: str,
    split: dict[str, int] | None,
    told: dict[Arm, int] | None = None,
) -> Observed:
    """A deployment whose arms named in ``ready`` answer, with the canaries that KServe tells."""
    service = inference_service(FAMILY, replace(state, champion=stable), PODS)
    service["metadata"]["uid"] = "u1"
    service["spec"]["canary"] = [canary(arm, share, PODS, 1) for arm, share in entries.items()]
    statuses = [
        {"name": arm.name, "ready": arm.name in ready, "trafficPercent": share}
        for arm, share in (entries if told is None else told).items()
    ]
    condition = {"type": "PredictorReady", "status": str(stable.name in ready)}
    service["status"] = {"conditions": [condition], "canaryStatuses": statuses}
    kept = state_map(FAMILY, state)
    kept["metadata"] |= owned_by(service)["metadata"]
    routes = (None, None) if split is None else (route(split), route(split))
    return Observed(FAMILY, kept, service, routes)


def shares_of(step: Step) -> dict[str, int]:
    assert isinstance(step, Write)
    assert step.kind == SERVICES
    return {e["predictor"]["name"]: e["trafficPercent"] for e in step.content["spec"]["canary"]}


def state_of(step: Step) -> Rollout:
    assert isinstance(step, Write)
    assert step.kind == STATES
    return read_state({"metadata": {"name": "state"}, **step.content})


def test_the_state_is_written_before_what_follows_from_it() -> None:
    nothing = Observed(FAMILY, None, None, (None, None))
    assert state_of(next_step(nothing, CALM, PODS)) == CALM
    kept = state_map(FAMILY, CALM)
    alone = next_step(replace(nothing, kept=kept), CALM, PODS)
    assert isinstance(alone, Write)
    assert (alone.kind, alone.item) == (SERVICES, None)
    calm = observed(CALM, A, {}, "a", {"a": 1})
    assert state_of(next_step(calm, BEGUN, PODS)) == BEGUN


def test_the_deployment_owns_its_state() -> None:
    found = observed(CALM, A, {}, "a", {"a": 1})
    assert found.service is not None
    stray = replace(found, kept=state_map(FAMILY, CALM))
    step = next_step(stray, CALM, PODS)
    assert isinstance(step, Write)
    assert step.content == owned_by(found.service)
    assert next_step(found, CALM, PODS) is None


def test_new_arms_start_without_traffic() -> None:
    step = next_step(observed(BEGUN, A, {}, "a", {"a": 1}), BEGUN, PODS)
    assert shares_of(step) == {"b": 0, "c": 0}


def test_shares_rise_when_all_arms_answer_and_not_before() -> None:
    waiting = observed(BEGUN, A, {B: 0, C: 0}, "ab", {"a": 100, "b": 0})
    assert next_step(waiting, BEGUN, PODS) == Wait("c: not ready yet", is_error=False)
    ready = observed(BEGUN, A, {B: 0, C: 0}, "abc", {"a": 100, "b": 0, "c": 0})
    assert shares_of(next_step(ready, BEGUN, PODS)) == {"b": 10, "c": 10}


def test_an_arm_that_stops_to_answer_keeps_its_share_and_gets_no_more() -> None:
    more = replace(BEGUN, generation=2, share_percent=25)
    found = observed(more, A, {B: 10, C: 10}, "ac", {"a": 90, "c": 10})
    assert next_step(found, more, PODS) == Wait("b: not ready yet", is_error=False)
    less = replace(BEGUN, generation=2, share_percent=5)
    found = observed(less, A, {B: 10, C: 10}, "ac", {"a": 90, "c": 10})
    assert shares_of(next_step(found, less, PODS)) == {"b": 5, "c": 5}


def test_what_kserve_has_not_seen_is_waited_for() -> None:
    split = {"a": 80, "b": 10, "c": 10}
    late = observed(BEGUN, A, {B: 10, C: 10}, "abc", split, told={B: 0, C: 0})
    assert next_step(late, BEGUN, PODS) == Wait(NOT_RECONCILED, is_error=False)
    leaving = observed(BACK, A, {B: 0, C: 0}, "abc", split, told={B: 10, C: 10})
    assert next_step(leaving, BACK, PODS) == Wait(NOT_RECONCILED)


def test_the_goal_is_reached_when_both_routes_and_the_gateway_follow() -> None:
    split = {"a": 80, "b": 10, "c": 10}
    there = observed(BEGUN, A, {B: 10, C: 10}, "abc", split)
    assert next_step(there, BEGUN, PODS) is None
    for late in (route({"a": 100, "b": 0, "c": 0}), route(split, taken=False), None):
        for routes in ((late, route(split)), (route(split), late)):
            assert isinstance(next_step(replace(there, routes=routes), BEGUN, PODS), Wait)


BACK = Rollout(2, A, move="roll_back")


def test_a_roll_back_takes_the_traffic_first_and_then_the_pods() -> None:
    full, none = {"a": 80, "b": 10, "c": 10}, {"a": 100, "b": 0, "c": 0}
    asked = observed(BACK, A, {B: 10, C: 10}, "abc", full)
    assert shares_of(next_step(asked, BACK, PODS)) == {"b": 0, "c": 0}
    assert isinstance(next_step(observed(BACK, A, {B: 0, C: 0}, "abc", full), BACK, PODS), Wait)
    empty = observed(BACK, A, {B: 0, C: 0}, "abc", none)
    assert shares_of(next_step(empty, BACK, PODS)) == {}
    assert next_step(observed(BACK, A, {}, "a", {"a": 1}), BACK, PODS) is None


def test_a_candidate_that_never_answered_goes_while_the_champion_is_down() -> None:
    never = observed(BACK, A, {B: 0}, "", {"a": 100})
    assert shares_of(next_step(never, BACK, PODS)) == {}


NEXT = Rollout(2, B, move="promote")


def test_a_promotion_gives_all_traffic_to_the_new_champion_before_the_old_one_goes() -> None:
    full, moved = {"a": 80, "b": 10, "c": 10}, {"a": 0, "b": 100, "c": 0}
    undecided = observed(BEGUN, A, {B: 10, C: 10}, "abc", full)
    assert state_of(next_step(undecided, NEXT, PODS)) == NEXT
    asked = next_step(observed(NEXT, A, {B: 10, C: 10}, "abc", full), NEXT, PODS)
    assert shares_of(asked) == {"b": 100, "c": 0}
    assert isinstance(next_step(observed(NEXT, A, {B: 100, C: 0}, "abc", full), NEXT, PODS), Wait)
    last = next_step(observed(NEXT, A, {B: 100, C: 0}, "abc", moved), NEXT, PODS)
    assert shares_of(last) == {}
    assert isinstance(last, Write)
    assert last.content["spec"]["predictor"]["name"] == "b"


def test_a_promotion_is_seen_when_the_route_names_the_new_champion_alone() -> None:
    seen = observed(NEXT, B, {}, "b", {"b": 1})
    assert next_step(seen, NEXT, PODS) is None
    late = observed(NEXT, B, {}, "b", {"a": 0, "b": 100}, told={B: 100})
    assert next_step(late, NEXT, PODS) == Wait(NOT_RECONCILED, is_error=False)
    assert isinstance(next_step(observed(NEXT, B, {}, "b", {"a": 0, "b": 100}), NEXT, PODS), Wait)


def test_a_new_champion_that_does_not_answer_is_not_decided() -> None:
    found = observed(BEGUN, A, {B: 10, C: 10}, "ac", {"a": 90, "c": 10})
    assert next_step(found, NEXT, PODS) == Wait("b: not ready yet")


def test_an_old_champion_that_is_down_holds_nobody_up() -> None:
    stuck = observed(NEXT, A, {B: 100, C: 0}, "bc", {"a": 80, "b": 10, "c": 10})
    last = next_step(stuck, NEXT, PODS)
    assert isinstance(last, Write)
    assert last.content["spec"]["predictor"]["name"] == "b"


def test_a_route_that_kserve_leaves_as_it_is_says_why() -> None:
    stuck = observed(BACK, A, {B: 0}, "b", {"a": 90, "b": 10})
    step = next_step(stuck, BACK, PODS)
    assert isinstance(step, Wait)
    assert "while a is down" in step.reason


def test_a_champion_from_nowhere_is_started_beside_the_others() -> None:
    step = next_step(observed(BEGUN, A, {B: 10}, "ab", {"a": 90, "b": 10}), Rollout(2, C), PODS)
    assert shares_of(step) == {"b": 10, "c": 0}


@pytest.mark.parametrize(("replicas", "first", "then"), [(1, 1, 1), (2, 4, 6), (3, 5, 9)])
def test_the_champion_keeps_its_pods_beside_canaries(replicas: int, first: int, then: int) -> None:
    pods = PodSettings(replicas)
    starting = next_step(observed(BEGUN, A, {}, "a", {"a": 1}), BEGUN, pods)
    ready = next_step(observed(BEGUN, A, {B: 0, C: 0}, "abc", {"a": 1}), BEGUN, pods)
    for step, beside, own in ((starting, first, 1), (ready, then, replicas)):
        assert isinstance(step, Write)
        assert step.content["spec"]["predictor"]["minReplicas"] == beside
        assert {e["predictor"]["minReplicas"] for e in step.content["spec"]["canary"]} == {own}


def test_what_is_being_deleted_is_waited_for() -> None:
    found = observed(CALM, A, {}, "a", {"a": 1})
    assert found.service is not None
    found.service["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    assert replace(found, kept=None).state is None
    assert isinstance(next_step(found, CALM, PODS), Wait)


def test_a_deployment_without_a_state_is_not_ours() -> None:
    found = replace(observed(CALM, A, {}, "a", {"a": 1}), kept=None)
    with pytest.raises(BadInput, match="elastic-cgcnn: no ConfigMap elastic-cgcnn-rollout"):
        next_step(found, CALM, PODS)
