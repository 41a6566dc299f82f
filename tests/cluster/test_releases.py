"""Releases on a real KServe: every stage without a lost request and without a pod replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from matops.adapters.kubernetes.kserve_serving import KServeServing
from matops.adapters.kubernetes.kserve_state import state_name
from matops.core.release.rollout import Arm, Rollout
from tests.support.cluster import Cluster
from tests.support.kubectl import wait_until
from tests.support.model_namespace import FAMILY, LOST, SERVICE, ModelNamespace, model_namespace
from tests.support.mortal_objects import KilledError, Mortal

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.needs("KServe", "Gateway API", "default storage class"),
]

# Versions that begin with a digit, as most do.
OLD = Arm("m8a727648-1", "8a727648abea", "pvc://models/elastic_cgcnn/8a727648abea")
NEW = Arm("m51b0c0de-2", "51b0c0de51b0", "pvc://models/elastic_cgcnn/51b0c0de51b0")
TWIN = Arm("b8a727648-2", OLD.version, OLD.package)
NEXT = Arm("m7ade3827-7", "7ade382768e5", "pvc://models/elastic_cgcnn/7ade382768e5")
NEXT_TWIN = Arm("b51b0c0de-7", NEW.version, NEW.package)

FIRST = Rollout(1, OLD)
STAGES = [
    Rollout(2, OLD, NEW, TWIN, 10),
    Rollout(3, OLD, NEW, TWIN, 25),
    Rollout(4, OLD, NEW, None, 50),
    Rollout(5, OLD, NEW, None, 100),
]
PROMOTED = Rollout(6, NEW, move="promote")
AGAIN = [Rollout(7, NEW, NEXT, NEXT_TWIN, 10), Rollout(8, NEW, NEXT, NEXT_TWIN, 25)]
ROLLED_BACK = Rollout(9, NEW, move="roll_back")


@dataclass
class Walk:
    """What was seen of a release, a promotion and a roll-back, with clients all the time."""

    pods: list[dict[str, set[str]]]  # by arm, after each state
    split: Counter[str]  # of 200 requests at 25 %
    answers: Counter[str]  # of all clients
    kills: int  # of the process that led the second release


@pytest.fixture(scope="module")
def models(cluster: Cluster) -> Iterator[ModelNamespace]:
    with model_namespace(cluster) as own:
        yield own


@pytest.fixture(scope="module")
def walk(models: ModelNamespace) -> Walk:
    models.apply(FIRST)
    pods = [models.pods()]
    with models.clients() as answers:
        for state in (*STAGES, PROMOTED):
            models.apply(state)
            pods.append(models.pods())
            if state == STAGES[1]:
                split = models.ask(200)
        kills = 0
        for state in (*AGAIN, ROLLED_BACK):
            kills += apply_with_kills(models, state)
            pods.append(models.pods())
    return Walk(pods, split, answers, kills)


def apply_with_kills(models: ModelNamespace, state: Rollout) -> int:
    """Apply a state by processes that end after ever more requests; how many did."""
    kills = 0
    while True:
        way = models.objects().client.configuration
        mortal = Mortal(way, models.namespace.name)
        mortal.left = 3 + 2 * kills
        whole = models.serving()
        try:
            KServeServing(mortal, whole.pods, whole.packages_uri, poll_s=0.5).apply(FAMILY, state)
        except KilledError:
            kills += 1
        else:
            return kills


def test_no_request_is_lost(walk: Walk) -> None:
    assert walk.answers[LOST] == 0
    assert set(walk.answers) == {arm.name for arm in (OLD, NEW, TWIN, NEXT, NEXT_TWIN)}
    assert walk.answers.total() > 100


def test_no_pod_is_replaced(walk: Walk) -> None:
    first, *stages, promoted, _, _, last = walk.pods
    for arm in (OLD.name, NEW.name, TWIN.name):
        names = [seen[arm] for seen in (first, *stages, promoted) if arm in seen]
        assert all(name == names[0] for name in names), arm
    assert promoted == {NEW.name: stages[0][NEW.name]}
    assert last == promoted


def test_the_traffic_is_split_as_stated(walk: Walk) -> None:
    assert walk.split.total() == 200
    assert walk.split[OLD.name] == pytest.approx(100, abs=30)
    assert walk.split[NEW.name] == pytest.approx(50, abs=25)


def test_a_release_that_is_killed_goes_on(walk: Walk, models: ModelNamespace) -> None:
    assert walk.kills > 3
    assert models.serving().rollout(FAMILY) == ROLLED_BACK
    assert models.serving().unready(FAMILY) == {}
    assert models.serving().unreconciled(FAMILY) == ""


def test_the_state_belongs_to_the_deployment(walk: Walk, models: ModelNamespace) -> None:
    state = models.namespace.get("configmap", state_name(FAMILY))
    service = models.namespace.get("inferenceservice", SERVICE)
    [owner] = state["metadata"]["ownerReferences"]
    assert owner["uid"] == service["metadata"]["uid"]
    assert "rollout" not in str(service["metadata"]["annotations"])


def test_an_arm_can_be_asked_past_the_split(walk: Walk, models: ModelNamespace) -> None:
    url = models.serving().address(FAMILY, NEW)
    asked = models.namespace.run("client", "sh", "-c", f"timeout 10 wget -q -O - {url}/arm")
    assert asked.strip() == NEW.name
    assert models.serving().url(FAMILY).endswith(models.host)


def test_who_never_answers_gets_nothing(walk: Walk, models: ModelNamespace) -> None:
    broken = Arm("m00000000-10", "000000000000", "pvc://nosuch/elastic_cgcnn/000000000000")
    models.serving(patience_s=20).apply(FAMILY, Rollout(10, NEW, broken, None, 50))
    assert broken.name in models.serving().unready(FAMILY)
    assert models.ask(40) == {NEW.name: 40}
    models.apply(replace(ROLLED_BACK, generation=11))
    assert set(models.pods()) == {NEW.name}


def test_what_is_taken_down_can_be_deployed_again(walk: Walk, models: ModelNamespace) -> None:
    serving = models.serving()
    serving.stop(FAMILY)
    assert serving.rollout(FAMILY) is None
    models.apply(FIRST)
    assert models.ask(20) == {OLD.name: 20}
    serving.stop(FAMILY)
    wait_until(lambda: not models.pods(), "pods are gone")


def test_with_two_replicas_the_champion_always_has_two(cluster: Cluster) -> None:
    with model_namespace(cluster) as models:
        models.apply(FIRST, replicas=2)
        own = models.pods()[OLD.name]
        with models.clients() as answers:
            for state in STAGES:
                models.apply(state, state, replicas=2)
                assert own <= models.pods()[OLD.name]
            models.apply(PROMOTED, replicas=2)
        assert {arm: len(names) for arm, names in models.pods().items()} == {NEW.name: 2}
        assert answers[LOST] == 0
