"""What the platform takes for granted of a node, on the cluster that is there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.cluster import Namespace
from tests.support.kubectl import wait_until

pytestmark = pytest.mark.cluster

SERVER = "mkdir /tmp/web; echo served > /tmp/web/index.html; httpd -f -p 8080 -h /tmp/web"
READY = {"httpGet": {"path": "/index.html", "port": 8080}, "periodSeconds": 1}


def service(name: str) -> dict[str, Any]:
    """A Service of the pod of the same name."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def fetched(namespace: Namespace, pod: str, url: str) -> str:
    return namespace.run(pod, "sh", "-c", f"timeout 5 wget -q -O - {url} || true").strip()


@pytest.fixture
def served(namespace: Namespace) -> Namespace:
    """A namespace with a pod that serves, its Service, and a pod that asks."""
    namespace.start("server", SERVER, wait=False, container={"readinessProbe": READY})
    namespace.start("asking", "sleep 3600")
    namespace.apply(service("server"))
    namespace.wait("pod/server", "condition=Ready")
    return namespace


def test_a_pod_ends_with_its_programs_status(namespace: Namespace) -> None:
    namespace.start("ending", "echo said; exit 3", wait=False, restartPolicy="Never")
    namespace.wait("pod/ending", "jsonpath={.status.phase}=Failed")
    [status] = namespace.get("pod", "ending")["status"]["containerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 3
    assert namespace.kubectl("logs", "ending") == "said\n"


def test_a_pod_that_fails_its_liveness_probe_is_restarted(namespace: Namespace) -> None:
    probe = {"exec": {"command": ["/bin/test", "-e", "/tmp/alive"]}, "periodSeconds": 1}
    script = "touch /tmp/alive; sleep 3; rm /tmp/alive; sleep 3600"
    namespace.start("dying", script, wait=False, container={"livenessProbe": probe})

    def restarts() -> int:
        [status] = namespace.get("pod", "dying")["status"].get("containerStatuses") or [{}]
        return int(status.get("restartCount", 0))

    wait_until(restarts, "a restart")


@pytest.mark.parametrize("domain", ["", ".{namespace}", ".{namespace}.svc.cluster.local"])
def test_a_service_is_reached_by_its_names(served: Namespace, domain: str) -> None:
    url = f"http://server{domain.format(namespace=served.name)}/"
    wait_until(lambda: fetched(served, "asking", url) == "served", f"an answer of {url}")


def test_a_pod_that_is_not_ready_gets_no_requests(served: Namespace) -> None:
    served.run("server", "mv", "/tmp/web/index.html", "/tmp/web/other.html")
    served.wait("pod/server", "condition=Ready=false")
    url = "http://server/other.html"
    wait_until(lambda: fetched(served, "asking", url) == "", f"no answer of {url}")


def test_limits_are_in_the_pods_control_group(namespace: Namespace) -> None:
    limits = {"cpu": "500m", "memory": "64Mi"}
    namespace.start("limited", "sleep 3600", container={"resources": {"limits": limits}})
    places = "/sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
    text = namespace.run("limited", "sh", "-c", f"cat {places} 2>/dev/null || true")
    assert re.findall(r"\d+", text) == [str(64 * 2**20)]


def test_a_pod_that_takes_more_memory_than_its_limit_is_killed(namespace: Namespace) -> None:
    limits = {"memory": "32Mi"}
    script = "dd if=/dev/zero of=/dev/null bs=128M count=1"
    resources = {"resources": {"limits": limits}}
    namespace.start("greedy", script, wait=False, restartPolicy="Never", container=resources)
    namespace.wait("pod/greedy", "jsonpath={.status.phase}=Failed")
    [status] = namespace.get("pod", "greedy")["status"]["containerStatuses"]
    assert status["state"]["terminated"]["reason"] == "OOMKilled"


@pytest.mark.needs("default storage class")
def test_a_claim_is_bound_and_keeps_what_was_written(namespace: Namespace) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "kept"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "8Mi"}},
        },
    }
    namespace.apply(claim)
    spec: dict[str, Any] = {
        "volumes": [{"name": "kept", "persistentVolumeClaim": {"claimName": "kept"}}],
        "container": {"volumeMounts": [{"name": "kept", "mountPath": "/kept"}]},
        "securityContext": {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 4242},
    }
    namespace.start("writing", "id -G > /kept/groups; sleep 3600", **spec)
    assert namespace.get("pvc", "kept")["status"]["phase"] == "Bound"
    namespace.kubectl("delete", "pod", "writing", "--now")
    namespace.start("reading", "sleep 3600", **spec)
    assert namespace.run("reading", "cat", "/kept/groups").split() == ["65532", "4242"]


@pytest.mark.needs("network policies")
def test_a_policy_lets_one_pod_pass_and_no_other(served: Namespace) -> None:
    served.start("stranger", "sleep 3600")
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "asking-alone"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "server"}},
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "asking"}}}]}],
        },
    }
    served.apply(policy)
    url = f"http://{served.get('pod', 'server')['status']['podIP']}:8080/"
    wait_until(lambda: fetched(served, "stranger", url) == "", "the stranger is kept out")
    assert fetched(served, "asking", url) == "served"
