"""The cluster's gateway with routes as KServe writes them: who answers, and what is lost."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from tests.support.answering_pods import GATE, server
from tests.support.cluster import Cluster, Namespace
from tests.support.kubectl import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.needs("Gateway API")]

GATEWAY = {"name": "kserve-ingress-gateway", "namespace": "kserve"}
HOST = "steel.example.com"
PATIENCE = "--timeout=60s"


@pytest.fixture(scope="module")
def address(cluster: Cluster) -> str:
    """Where the gateway of KServe's default name listens."""
    place = f"--namespace={GATEWAY['namespace']}"
    if not cluster.exists("gateway", GATEWAY["name"], place):
        pytest.skip("the cluster has no Gateway kserve/kserve-ingress-gateway")
    status = cluster.get("gateway", GATEWAY["name"], place)["status"]
    return f"http://{status['addresses'][0]['value']}"


@pytest.fixture(scope="module")
def space(cluster: Cluster) -> Iterator[Namespace]:
    """Two pods of a champion, and one of a candidate, which a condition makes ready."""
    with cluster.namespace() as space:
        image = cluster.image
        space.apply(*server("champion", image, 2), *server("candidate", image, gates=(GATE,)))
        space.kubectl("rollout", "status", "deployment/champion", PATIENCE)
        yield space


def route(rules: list[dict[str, Any]], name: str = "steel", host: str = HOST) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name},
        "spec": {"parentRefs": [GATEWAY], "hostnames": [host], "rules": rules},
    }


def shares(champion: int, candidate: int) -> list[dict[str, Any]]:
    """One rule that splits all requests, as a canary's route does."""
    weights = {"champion": champion, "candidate": candidate}
    backends = [{"name": name, "port": 80, "weight": weight} for name, weight in weights.items()]
    return [{"backendRefs": backends}]


def only(backend: str, **match: Any) -> dict[str, Any]:
    return {"matches": [match], "backendRefs": [{"name": backend, "port": 80}]}


def open_candidate(space: Namespace, is_open: bool) -> None:
    """Make the candidate's pod ready, or not, while it goes on answering."""
    patch = {"status": {"conditions": [{"type": GATE, "status": str(is_open)}]}}
    [pod] = space.get("pods", "--selector=app=candidate")["items"]
    name = pod["metadata"]["name"]
    space.kubectl("patch", f"pod/{name}", f"--patch={json.dumps(patch)}", "--subresource=status")


def asked(address: str, count: int, path: str = "/hostname", **headers: str) -> Counter[str]:
    """Answers by the Deployment that gave them; what is no answer, by its status."""
    with httpx.Client(base_url=address, headers={"Host": HOST, **headers}, timeout=10) as client:
        return Counter(deployment(client.get(path)) for _ in range(count))


def deployment(response: httpx.Response) -> str:
    return response.text.split("-")[0] if response.is_success else str(response.status_code)


@contextmanager
def load(address: str, clients: int = 4) -> Iterator[Counter[str]]:
    """Clients that ask without a pause until the block ends; then, what became of each request."""
    answers: Counter[str] = Counter()
    each: list[list[str]] = [[] for _ in range(clients)]
    end = Event()

    def ask_on(outcomes: list[str]) -> None:
        with httpx.Client(base_url=address, headers={"Host": HOST}, timeout=10) as client:
            while not end.is_set():
                outcomes.append(outcome(client))

    threads = [Thread(target=ask_on, args=(outcomes,)) for outcomes in each]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        end.set()
        for thread in threads:
            thread.join()
        answers.update(chain.from_iterable(each))


def outcome(client: httpx.Client) -> str:
    try:
        return deployment(client.get("/hostname"))
    except httpx.HTTPError as error:
        return type(error).__name__


def lost(answers: Counter[str]) -> dict[str, int]:
    """Requests that no server answered, by what the client saw instead."""
    return {name: n for name, n in answers.items() if name not in ("champion", "candidate")}


@pytest.fixture
def routed(space: Namespace, address: str) -> Callable[[list[dict[str, Any]]], None]:
    """Give the route its rules, and wait until the gateway says that it follows them."""
    open_candidate(space, True)

    def follow(rules: list[dict[str, Any]]) -> None:
        space.apply(route(rules))
        wait_until(lambda: followed(space), "the route's status is of its generation")

    return follow


def followed(space: Namespace, name: str = "steel") -> bool:
    """The gateway has accepted the route as it is now, and found its Services."""
    item = space.get("httproute", name)
    generation = item["metadata"]["generation"]
    conditions = [c for p in item.get("status", {}).get("parents", []) for c in p["conditions"]]
    now = {
        c["type"]
        for c in conditions
        if (c["status"], c["observedGeneration"]) == ("True", generation)
    }
    return {"Accepted", "ResolvedRefs"} <= now


def test_a_gateway_says_that_it_serves(cluster: Cluster, address: str) -> None:
    gateway = cluster.get("gateway", GATEWAY["name"], f"--namespace={GATEWAY['namespace']}")
    conditions = {c["type"]: c["status"] for c in gateway["status"]["conditions"]}
    assert {"Accepted": "True", "Programmed": "True"}.items() <= conditions.items()


def test_weights_split_requests(
    routed: Callable[[list[dict[str, Any]]], None], address: str
) -> None:
    routed(shares(90, 10))
    wait_until(lambda: asked(address, 20)["candidate"] > 0, "the candidate gets requests")
    split = asked(address, 1000)
    assert split.total() == split["champion"] + split["candidate"]
    assert 70 <= split["candidate"] <= 130


def test_a_host_without_a_route_is_not_found(address: str) -> None:
    assert asked(address, 1, Host="unknown.example.com") == {"404": 1}


def test_the_most_particular_match_wins(
    routed: Callable[[list[dict[str, Any]]], None], address: str
) -> None:
    prefix, exact = {"type": "PathPrefix", "value": "/"}, {"type": "Exact", "value": "/hostname"}
    named = [{"name": "X-Arm", "value": "candidate"}]
    routed(
        [
            only("champion", path=prefix),
            only("candidate", path=prefix, headers=named),
            only("candidate", path=exact),
        ]
    )
    wait_until(lambda: asked(address, 1) == {"candidate": 1}, "the exact path counts")
    assert asked(address, 4, path="/name") == {"champion": 4}
    assert asked(address, 4, path="/name", **{"X-Arm": "candidate"}) == {"candidate": 4}
    assert asked(address, 4, path="/name", **{"X-Arm": "other"}) == {"champion": 4}


def test_weights_change_under_load_and_no_request_is_lost(
    routed: Callable[[list[dict[str, Any]]], None], space: Namespace, address: str
) -> None:
    routed(shares(100, 0))
    with load(address) as answers:
        for share in (10, 25, 50, 100, 0, 50, 0):
            routed(shares(100 - share, share))
            time.sleep(1)
    assert answers.total() > 100
    assert not lost(answers)


def test_pods_come_and_go_under_load_and_no_request_is_lost(
    routed: Callable[[list[dict[str, Any]]], None], space: Namespace, address: str
) -> None:
    routed(shares(100, 0))
    with load(address) as answers:
        space.kubectl("rollout", "restart", "deployment/champion")
        space.kubectl("rollout", "status", "deployment/champion", PATIENCE)
        space.kubectl("scale", "deployment/champion", "--replicas=1")
        time.sleep(3)
        space.kubectl("scale", "deployment/champion", "--replicas=2")
        space.kubectl("rollout", "status", "deployment/champion", PATIENCE)
    assert answers.total() > 100
    assert not lost(answers)


def test_a_pod_that_is_not_ready_gets_no_request(
    routed: Callable[[list[dict[str, Any]]], None], space: Namespace, address: str
) -> None:
    routed(shares(50, 50))
    wait_until(lambda: asked(address, 10)["candidate"] > 0, "the candidate gets requests")
    open_candidate(space, False)
    wait_until(lambda: asked(address, 10)["candidate"] == 0, "the candidate gets no request")
