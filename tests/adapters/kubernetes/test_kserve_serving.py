"""KServe behind the port: whatever happens on the way, somebody answers, and the state is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kubernetes.client import Configuration

from matops.adapters.kubernetes.kserve_manifests import PodSettings, inference_service
from matops.adapters.kubernetes.kserve_serving import KServeServing
from matops.adapters.kubernetes.kserve_status import NOT_RECONCILED
from matops.adapters.kubernetes.kubernetes_objects import SERVICES, KubernetesObjects
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from matops.processes.retry import RetryPolicy
from tests.support.answering import running
from tests.support.kserve_controller import NAMESPACE
from tests.support.kubernetes_server import Cluster
from tests.support.mortal_objects import KilledError, Mortal

FAMILY = get_family("elastic_cgcnn")
NAME, URI = "elastic-cgcnn", "s3://models"
OLD = Arm("m8a727648-1", "8a727648abea", "s3://models/elastic_cgcnn/8a727648abea")
NEW = Arm("m51b0c0de-2", "51b0c0de51b0", "s3://models/elastic_cgcnn/51b0c0de51b0")
TWIN = Arm("b8a727648-2", OLD.version, OLD.package)

FIRST = Rollout(0, OLD)
THEN = "2026-03-01T12:00:00+00:00"
BEGUN = Rollout(1, OLD, NEW, TWIN, 10, stage_began=THEN, release_began=THEN)
ADVANCED = replace(BEGUN, generation=2, share_percent=25, move="advance", reason="all is well")
ALONE = replace(ADVANCED, generation=3, baseline=None, share_percent=100)
PROMOTED = Rollout(3, NEW, move="promote", reason="all is well")
ROLLED_BACK = Rollout(3, OLD, move="roll_back", reason="5 % of its requests fail")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running(Cluster()) as found:
        yield found


def serving(cluster: Cluster, patience_s: float = 20.0, attempts: int = 5) -> KServeServing:
    retry = RetryPolicy(attempts, pause_s=0.01)
    objects = KubernetesObjects(Configuration(host=cluster.url), NAMESPACE, 0.5, retry)
    return KServeServing(objects, PodSettings(), URI, patience_s, poll_s=0.002)


def apply(cluster: Cluster, *states: Rollout) -> KServeServing:
    found = serving(cluster)
    for state in states:
        found.apply(FAMILY, state)
    return found


def assert_somebody_answered_throughout(cluster: Cluster) -> None:
    """Once the first champion was up: no traffic to pods that don't answer, and a champion."""
    begun = next(i for i, m in enumerate(cluster.moments) if m.answering and m.weights)
    for number, moment in enumerate(cluster.moments[begun:]):
        weighted = {arm for arm, weight in moment.weights.items() if weight}
        assert weighted <= moment.answering, (number, moment)
        assert sum(moment.weights.values()) == 100
    assert cluster.restarts == 0


def test_nothing_is_deployed_at_first(cluster: Cluster) -> None:
    found = serving(cluster)
    assert found.rollout(FAMILY) is None
    assert found.unready(FAMILY) == {}


def test_a_first_champion_has_all_traffic_and_keeps_the_state(cluster: Cluster) -> None:
    found = apply(cluster, FIRST)
    assert found.rollout(FAMILY) == FIRST
    assert found.unready(FAMILY) == {}
    service = cluster.services[NAME]
    assert service["spec"]["predictor"]["model"]["storageUri"] == OLD.package
    assert service["spec"]["predictor"]["model"]["args"] == ["--variant", OLD.name]
    assert cluster.split == {OLD.name: 100}


def test_arms_share_the_traffic_as_stated(cluster: Cluster) -> None:
    found = apply(cluster, FIRST, BEGUN)
    assert found.rollout(FAMILY) == BEGUN
    assert cluster.split == {OLD.name: 80, NEW.name: 10, TWIN.name: 10}
    found.apply(FAMILY, ADVANCED)
    assert cluster.split == {OLD.name: 50, NEW.name: 25, TWIN.name: 25}
    assert_somebody_answered_throughout(cluster)


def test_a_candidate_gets_no_traffic_before_it_answers(cluster: Cluster) -> None:
    apply(cluster, FIRST, BEGUN)
    first = next(m for m in cluster.moments if m.canaries.get(NEW.name))
    assert NEW.name in first.answering
    assert TWIN.name in first.answering


MIRRORED = Rollout(
    2,
    OLD,
    NEW,
    stage_began=THEN,
    release_began=THEN,
    is_mirrored=True,
    was_mirrored=True,
    move="mirror",
)
AFTER_MIRRORING = {
    "half of the traffic": replace(
        MIRRORED, generation=3, is_mirrored=False, share_percent=50, move="advance"
    ),
    "set aside": replace(MIRRORED, generation=3, is_mirrored=False, move="inconclusive"),
    "promoted": PROMOTED,
    "rolled back": ROLLED_BACK,
}


@pytest.mark.parametrize("after", AFTER_MIRRORING.values(), ids=AFTER_MIRRORING)
def test_copies_go_to_the_candidate_for_as_long_as_it_is_mirrored(
    cluster: Cluster, after: Rollout
) -> None:
    found = apply(cluster, FIRST, BEGUN, MIRRORED)
    assert cluster.split == {OLD.name: 100}
    assert found.unreconciled(FAMILY) == ""
    [route] = cluster.mirrors.values()
    [owner] = route["metadata"]["ownerReferences"]
    assert owner["uid"] == cluster.services[NAME]["metadata"]["uid"]
    before = cluster.mirrors[f"{NAME}-mirror"]["metadata"]["resourceVersion"]
    found.apply(FAMILY, MIRRORED)
    assert cluster.mirrors[f"{NAME}-mirror"]["metadata"]["resourceVersion"] == before
    found.apply(FAMILY, after)
    assert not cluster.mirrors
    assert cluster.split == {arm: share for arm, share in after.shares_percent.items() if share}
    assert found.unreconciled(FAMILY) == ""
    # While it stood, clients were answered by the champion, who had all traffic without it too.
    mirrored = [moment for moment in cluster.moments if moment.mirror]
    assert mirrored
    for moment in mirrored:
        assert moment.mirror == (OLD.name, NEW.name)
        assert moment.weights == {OLD.name: 100}
        assert OLD.name in moment.answering
    assert_somebody_answered_throughout(cluster)


def test_a_gateway_that_takes_no_mirror_is_told_and_costs_no_client_anything(
    cluster: Cluster,
) -> None:
    cluster.takes_mirrors = False
    apply(cluster, FIRST, BEGUN)
    found = serving(cluster, patience_s=0.2)
    found.apply(FAMILY, MIRRORED)
    assert found.unreconciled(FAMILY) == (
        f"the gateway has not taken over HTTPRoute {NAME}-mirror yet"
    )
    assert cluster.split == {OLD.name: 100}
    serving(cluster).apply(FAMILY, ROLLED_BACK)
    assert not cluster.mirrors


@pytest.mark.parametrize("last", [PROMOTED, ROLLED_BACK], ids=["promoted", "rolled back"])
def test_the_end_leaves_the_champion_alone(cluster: Cluster, last: Rollout) -> None:
    found = apply(cluster, FIRST, BEGUN, ADVANCED, last)
    assert found.rollout(FAMILY) == last
    assert cluster.services[NAME]["spec"]["canary"] == []
    assert set(cluster.pods) == {last.champion.name}
    assert_somebody_answered_throughout(cluster)


def test_no_pod_is_replaced_by_a_stage_or_a_promotion(cluster: Cluster) -> None:
    apply(cluster, FIRST, BEGUN)
    born = cluster.pods
    apply(cluster, ADVANCED, ALONE)
    assert cluster.pods == {arm: born[arm] for arm in (OLD.name, NEW.name)}
    apply(cluster, replace(PROMOTED, generation=4))
    assert cluster.pods == {NEW.name: born[NEW.name]}
    assert cluster.restarts == 0


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_every_arm_has_the_pods_that_were_asked_for(cluster: Cluster, replicas: int) -> None:
    found = serving(cluster)
    found.pods = PodSettings(replicas)
    found.apply(FAMILY, FIRST)
    first = set(cluster.pods[OLD.name])
    for state in (BEGUN, ADVANCED, ALONE):
        found.apply(FAMILY, state)
        found.apply(FAMILY, state)
        assert {len(pods) for pods in cluster.pods.values()} == {replicas}
        assert set(cluster.pods[OLD.name]) == first
    found.apply(FAMILY, replace(PROMOTED, generation=4))
    assert {len(pods) for pods in cluster.pods.values()} == {replicas}
    running = [len(moment.pods[OLD.name]) for moment in cluster.moments if OLD.name in moment.pods]
    assert (min(running), max(running)) == (replicas, replicas + 2 * (replicas > 1))


def test_all_traffic_to_the_candidate_keeps_the_champion_running(cluster: Cluster) -> None:
    apply(cluster, FIRST, BEGUN, ADVANCED, ALONE)
    assert cluster.split == {NEW.name: 100}
    assert set(cluster.pods) == {OLD.name, NEW.name}
    apply(cluster, replace(ROLLED_BACK, generation=4))
    assert cluster.split == {OLD.name: 100}
    assert_somebody_answered_throughout(cluster)


def test_a_champion_that_never_ran_is_started_before_it_takes_over(cluster: Cluster) -> None:
    apply(cluster, FIRST)
    apply(cluster, Rollout(1, NEW, move="promote", reason="by hand"))
    assert set(cluster.pods) == {NEW.name}
    assert_somebody_answered_throughout(cluster)


def test_doing_it_twice_writes_nothing(cluster: Cluster) -> None:
    found = apply(cluster, FIRST, BEGUN)
    before = len([1 for method, _ in cluster.requests if method != "GET"])
    found.apply(FAMILY, BEGUN)
    assert len([1 for method, _ in cluster.requests if method != "GET"]) == before


def test_what_somebody_changed_by_hand_is_put_right(cluster: Cluster) -> None:
    found = apply(cluster, FIRST, BEGUN)
    cluster.services[NAME]["spec"]["canary"][0]["trafficPercent"] = 77
    found.apply(FAMILY, BEGUN)
    assert cluster.split == {OLD.name: 80, NEW.name: 10, TWIN.name: 10}


@pytest.mark.parametrize("late", [BEGUN, replace(FIRST, reason="x"), replace(ADVANCED, reason="x")])
def test_a_state_that_does_not_follow_is_refused(cluster: Cluster, late: Rollout) -> None:
    found = apply(cluster, FIRST, BEGUN, ADVANCED)
    before = cluster.services[NAME]["spec"]
    with pytest.raises(BadInput, match=f"generation {late.generation} does not follow"):
        found.apply(FAMILY, late)
    assert cluster.services[NAME]["spec"] == before
    assert found.rollout(FAMILY) == ADVANCED


def test_a_controller_that_is_away_is_told_and_makes_good_when_it_is_back(cluster: Cluster) -> None:
    apply(cluster, FIRST, BEGUN)
    found = serving(cluster, patience_s=0.1)
    assert found.unreconciled(FAMILY) == ""
    cluster.away = True
    found.apply(FAMILY, ADVANCED)
    assert found.unreconciled(FAMILY) == NOT_RECONCILED
    assert cluster.split == {OLD.name: 80, NEW.name: 10, TWIN.name: 10}
    cluster.away = False
    apply(cluster, ADVANCED)
    assert found.unreconciled(FAMILY) == ""
    assert cluster.split == {OLD.name: 50, NEW.name: 25, TWIN.name: 25}


def test_a_candidate_that_never_answers_gets_nothing_and_is_told(cluster: Cluster) -> None:
    cluster.broken[NEW.name] = "weights.safetensors: its SHA-256 is not the one on the card"
    apply(cluster, FIRST)
    found = serving(cluster, patience_s=0.3)
    found.apply(FAMILY, BEGUN)
    assert found.rollout(FAMILY) == BEGUN
    assert "SHA-256" in found.unready(FAMILY)[NEW.name]
    assert cluster.split == {OLD.name: 100}
    apply(cluster, replace(ROLLED_BACK, generation=2))
    assert set(cluster.pods) == {OLD.name}
    assert_somebody_answered_throughout(cluster)


def test_a_champion_that_never_answers_does_not_take_over(cluster: Cluster) -> None:
    cluster.broken[NEW.name] = "no such bucket"
    apply(cluster, FIRST)
    found = serving(cluster, patience_s=0.3)
    with pytest.raises(BadInput, match="not ready yet"):
        found.apply(FAMILY, Rollout(1, NEW))
    assert found.rollout(FAMILY) == FIRST
    assert cluster.split == {OLD.name: 100}
    assert_somebody_answered_throughout(cluster)


def test_a_cluster_that_splits_no_traffic_is_told(cluster: Cluster) -> None:
    cluster.gateway = False
    with pytest.raises(BadInput, match="enableGatewayApi"):
        serving(cluster, patience_s=0.3).apply(FAMILY, FIRST)


HALF = AFTER_MIRRORING["half of the traffic"]
WAYS = {
    "by shares": (FIRST, BEGUN, ADVANCED, PROMOTED),
    "mirrored": (FIRST, BEGUN, MIRRORED, HALF, replace(PROMOTED, generation=4)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("lives", range(1, 40, 2))
def test_a_killed_change_goes_on_where_it_stopped(
    cluster: Cluster, lives: int, way: tuple[Rollout, ...]
) -> None:
    objects = Mortal(Configuration(host=cluster.url), NAMESPACE, retry=RetryPolicy(pause_s=0.01))
    mortal = KServeServing(objects, PodSettings(), poll_s=0.002)
    objects.left = lives
    try:
        for state in way:
            mortal.apply(FAMILY, state)
    except KilledError:
        pass
    done = serving(cluster).rollout(FAMILY)
    apply(cluster, *way[way.index(done) if done else 0 :])
    assert serving(cluster).rollout(FAMILY) == way[-1]
    assert not cluster.mirrors
    assert set(cluster.pods) == {NEW.name}
    assert_somebody_answered_throughout(cluster)


@pytest.mark.parametrize("fault", ["500", "503", "429", "silence", "lost"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_errors_of_the_server_are_lived_through(cluster: Cluster, method: str, fault: str) -> None:
    cluster.faults += 2 * [(method, fault)]
    apply(cluster, FIRST, BEGUN)
    apply(cluster, ADVANCED, ROLLED_BACK)
    assert not cluster.faults or method == "POST"
    assert cluster.split == {OLD.name: 100}
    assert_somebody_answered_throughout(cluster)


def test_a_write_that_came_too_late_is_decided_anew(cluster: Cluster) -> None:
    apply(cluster, FIRST)
    cluster.faults += 3 * [("PATCH", "409")]
    apply(cluster, BEGUN)
    assert cluster.split == {OLD.name: 80, NEW.name: 10, TWIN.name: 10}


@pytest.mark.parametrize(("fault", "word"), [("403", "403"), ("500", "500")])
def test_a_refusal_is_one_line(cluster: Cluster, fault: str, word: str) -> None:
    cluster.faults += 9 * [("GET", fault)]
    with pytest.raises(BadInput, match=word) as caught:
        serving(cluster).rollout(FAMILY)
    assert "\n" not in str(caught.value)
    assert NAMESPACE in str(caught.value)


def test_a_cluster_that_is_away_is_one_line(cluster: Cluster) -> None:
    cluster.url = "http://127.0.0.1:9"
    with pytest.raises(BadInput, match="no answer"):
        serving(cluster, attempts=2).rollout(FAMILY)


def test_what_matops_did_not_deploy_is_left_alone(cluster: Cluster) -> None:
    foreign = inference_service(FAMILY, FIRST, PodSettings())
    serving(cluster).objects.create(SERVICES, foreign)
    for change in (lambda: apply(cluster, FIRST), lambda: serving(cluster).stop(FAMILY)):
        with pytest.raises(BadInput, match="not deployed by this version of matops"):
            change()
    assert NAME in cluster.services


@pytest.mark.parametrize(("headless", "port"), [(False, 80), (True, 8080)])
def test_an_arm_can_be_asked_past_the_split(cluster: Cluster, headless: bool, port: int) -> None:
    cluster.headless = headless
    found = apply(cluster, FIRST)
    expected = f"http://{NAME}-{OLD.name}-predictor.{NAMESPACE}.svc.cluster.local:{port}"
    assert found.address(FAMILY, OLD) == expected
    with pytest.raises(BadInput, match="no such Service"):
        found.address(FAMILY, NEW)


def test_clients_are_told_the_address_that_kserve_gave(cluster: Cluster) -> None:
    assert apply(cluster, FIRST).url(FAMILY) == f"http://{NAME}-{NAMESPACE}.example.com"


@pytest.mark.parametrize("uri", ["s3://bucket/models", "pvc://claim/models/"])
def test_a_package_lies_at_the_uri_as_in_the_workspace(cluster: Cluster, uri: str) -> None:
    found = serving(cluster)
    found = KServeServing(found.objects, found.pods, uri)
    kept = Path("models/elastic_cgcnn/8a727648abea")
    assert found.location(FAMILY, kept) == f"{uri.rstrip('/')}/elastic_cgcnn/8a727648abea"


@pytest.mark.parametrize("uri", ["", "/home/me/models"])
def test_a_package_on_this_machine_is_refused(cluster: Cluster, uri: str) -> None:
    found = serving(cluster)
    with pytest.raises(BadInput, match="MATOPS_PACKAGES_URI"):
        KServeServing(found.objects, found.pods, uri).location(FAMILY, Path("m8"))


def test_what_is_stopped_is_gone_and_can_be_deployed_again(cluster: Cluster) -> None:
    found = apply(cluster, FIRST, BEGUN)
    found.stop(FAMILY)
    assert found.rollout(FAMILY) is None
    assert cluster.states == {}
    with pytest.raises(BadInput, match="nothing is deployed"):
        found.stop(FAMILY)
    apply(cluster, FIRST)
    assert cluster.split == {OLD.name: 100}
