"""Network policies as the product writes them: what they deny is denied, what they allow passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster, Namespace
from tests.support.kubectl import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.needs("network policies")]

ACTS_S = 10.0
"""How long a new policy may take; what passes until then is why policies come before pods."""
SERVER = """
mkdir /tmp/web && echo served > /tmp/web/index.html
httpd -p 8080 -h /tmp/web && httpd -f -p 8081 -h /tmp/web
"""
ASKED = "server"
DENY: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {}, **spec},
    }


def in_namespace(name: str, port: int, protocol: str = "TCP") -> tuple[Any, Any]:
    """A peer by the label that every namespace has, and one of its ports."""
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    return [peer], [{"port": port, "protocol": protocol}]


@pytest.fixture(scope="module")
def servers(cluster: Cluster) -> Iterator[Namespace]:
    """A namespace with a pod that serves on two ports."""
    with cluster.namespace() as own:
        ready = {"httpGet": {"path": "/", "port": 8081}, "periodSeconds": 1}
        own.start(ASKED, SERVER, container={"readinessProbe": ready})
        spec = {"selector": {"app": ASKED}, "ports": [{"port": 80, "targetPort": 8080}]}
        meta = {"name": ASKED}
        own.apply({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
        yield own


@pytest.fixture(scope="module")
def clients(cluster: Cluster) -> Iterator[Namespace]:
    """Another namespace, with a pod that asks."""
    with cluster.namespace() as own:
        own.start("asking", "sleep 3600")
        yield own


@pytest.fixture(scope="module")
def strangers(cluster: Cluster) -> Iterator[Namespace]:
    """A third namespace, with a pod that asks as well."""
    with cluster.namespace() as own:
        own.start("asking", "sleep 3600")
        yield own


@pytest.fixture(autouse=True)
def _no_policies_stay(servers: Namespace, clients: Namespace) -> Iterator[None]:
    yield
    for namespace in (servers, clients):
        namespace.kubectl("delete", "networkpolicies", "--all")


def passes(asking: Namespace, servers: Namespace, port: int = 8080) -> bool:
    """Whether a pod gets an answer of the server's pod."""
    address = servers.get("pod", ASKED)["status"]["podIP"]
    return fetched(asking, f"http://{address}:{port}/")


def fetched(asking: Namespace, url: str) -> bool:
    return "served" in asking.run("asking", "sh", "-c", f"timeout 2 wget -q -O - {url} || true")


def test_what_enters_is_denied_until_a_namespace_and_a_port_are_allowed(
    servers: Namespace, clients: Namespace, strangers: Namespace
) -> None:
    wait_until(lambda: passes(clients, servers), "all pass without policies", ACTS_S)
    servers.apply(policy("deny", **DENY))
    wait_until(lambda: not passes(clients, servers), "nothing enters", ACTS_S)
    peers, ports = in_namespace(clients.name, 8080)
    servers.apply(policy("allow", ingress=[{"from": peers, "ports": ports}]))
    wait_until(lambda: passes(clients, servers), "who is allowed enters", ACTS_S)
    assert not passes(clients, servers, port=8081)
    assert not passes(strangers, servers)
    servers.kubectl("delete", "networkpolicies", "--all")
    wait_until(lambda: passes(strangers, servers, port=8081), "all enter again", ACTS_S)


def test_what_leaves_is_denied_until_names_and_a_service_are_allowed(
    servers: Namespace, clients: Namespace
) -> None:
    service = f"http://{ASKED}.{servers.name}/"
    wait_until(lambda: fetched(clients, service), "all pass without policies", ACTS_S)
    clients.apply(policy("deny", **DENY))
    wait_until(lambda: not passes(clients, servers), "nothing leaves", ACTS_S)
    rules = []
    for peers, ports in (in_namespace("kube-system", 53, "UDP"), in_namespace(servers.name, 8080)):
        rules.append({"to": peers, "ports": ports})
    clients.apply(policy("allow", policyTypes=["Egress"], egress=rules))
    # A Service's name and address are allowed by the port of the pods behind it.
    wait_until(lambda: fetched(clients, service), "who is allowed is reached", ACTS_S)
    assert not passes(clients, servers, port=8081)


def test_a_probe_of_the_node_passes_whatever_a_policy_denies(servers: Namespace) -> None:
    servers.apply(policy("deny", **DENY))
    servers.start("confined", SERVER, container={"readinessProbe": {"tcpSocket": {"port": 8080}}})
    servers.kubectl("delete", "pod", "confined", "--now")
