"""The network policies of the local overlay, between pods labelled as the product labels its."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster, Namespace
from tests.support.cluster_parts import answers
from tests.support.kubectl import wait_until
from tests.support.kustomize import build

pytestmark = [pytest.mark.cluster, pytest.mark.needs("network policies")]

LABELS = {
    "server": {"matops/role": "serving"},
    "judge": {"matops/role": "judge"},
    "monitor": {"matops/role": "monitor"},
    "prometheus": {"matops/role": "prometheus"},
    "store": {"matops/role": "object-store"},
    "step": {"workflows.argoproj.io/workflow": "run"},
    "kubeflow": {"app": "kubeflow"},
}
"""Labels by pod; the last is of who shares the namespace and is not of the product."""
LISTENS = {"server": (8080, 8081), "prometheus": (9090,), "store": (9000,), "step": (8080,)}
OUTSIDE = 8080
"""A port of a pod in another namespace, which no policy names."""

PASSES = [
    ("judge", "server:8080"),
    ("judge", "prometheus:9090"),
    ("judge", "store:9000"),
    ("monitor", "prometheus:9090"),
    ("monitor", "store:9000"),
    ("server", "store:9000"),
    ("prometheus", "server:8080"),
    ("step", "server:8080"),
    ("step", "prometheus:9090"),
    ("step", "store:9000"),
    ("kubeflow", "server:8081"),
    ("kubeflow", "store:9000"),
]
DENIED = [
    ("judge", "server:8081"),
    ("judge", "step:8080"),
    ("monitor", "server:8080"),
    ("server", "prometheus:9090"),
    ("prometheus", "store:9000"),
    ("store", "server:8080"),
    ("kubeflow", "step:8080"),
    ("outside", "server:8080"),
    ("outside", "prometheus:9090"),
    ("outside", "store:9000"),
    *((asking, f"outside:{OUTSIDE}") for asking in ("judge", "monitor", "server", "step")),
]


def listening(ports: tuple[int, ...]) -> str:
    """A script that answers on ports for as long as it is let."""
    return "".join(f"httpd -p {port}; " for port in ports) + "sleep 3600"


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[dict[str, Namespace]]:
    """Where each pod is: one namespace with the policies, and one that they don't name."""
    with cluster.namespace() as own, cluster.namespace() as elsewhere:
        elsewhere.start("outside", listening((OUTSIDE,)))
        own.apply(*policies(own.name))
        for name, labels in LABELS.items():
            own.start(name, listening(LISTENS.get(name, ())), wait=False)
            own.kubectl("label", "pod", name, *(f"{key}={value}" for key, value in labels.items()))
        for name in LABELS:
            own.wait(f"pod/{name}", "condition=Ready")
        yield dict.fromkeys(LABELS, own) | {"outside": elsewhere}


def policies(namespace: str) -> list[dict[str, Any]]:
    """The overlay's, moved to a namespace."""
    found = [item for item in build("overlays/local") if item["kind"] == "NetworkPolicy"]
    return [{**i, "metadata": {**i["metadata"], "namespace": namespace}} for i in found]


def asks(pods: dict[str, Namespace], asking: str, asked: str) -> bool:
    """Whether a pod gets an answer of another."""
    name, _, port = asked.partition(":")
    address = pods[name].get("pod", name)["status"]["podIP"]
    return answers(pods[asking], asking, f"http://{address}:{port}")


@pytest.mark.parametrize(("asking", "asked"), PASSES)
def test_what_the_product_needs_passes(pods: dict[str, Namespace], asking: str, asked: str) -> None:
    wait_until(lambda: asks(pods, asking, asked), f"{asked} to answer {asking}")


@pytest.mark.parametrize(("asking", "asked"), DENIED)
def test_what_it_does_not_name_is_denied(
    pods: dict[str, Namespace], asking: str, asked: str
) -> None:
    wait_until(lambda: not asks(pods, asking, asked), f"{asked} to be closed to {asking}")


@pytest.mark.parametrize("asking", ["judge", "monitor", "server", "step"])
def test_names_are_found(pods: dict[str, Namespace], asking: str) -> None:
    name = "kubernetes.default.svc.cluster.local"
    script = f"timeout 5 nslookup {name} || true"
    found = lambda: f"Name:\t{name}" in pods[asking].run(asking, "sh", "-c", script)  # noqa: E731
    wait_until(found, f"an address for {asking}")
