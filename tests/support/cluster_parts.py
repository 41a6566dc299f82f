"""What a cluster may lack, and how it is seen that it does."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.cluster import Cluster, Namespace
from tests.support.kubectl import wait_until

POLICY_SEEN_S = 15
"""A controller of network policies that has not acted by then is taken for none."""
NOTHING_PASSES = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "nothing"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
}


def is_available(cluster: Cluster, deployment: str) -> bool:
    """Whether a Deployment of this name has a pod that is ready, in any namespace."""
    named = f"--field-selector=metadata.name={deployment}"
    found = cluster.get("deployments", "--all-namespaces", named)["items"]
    return any(item["status"].get("availableReplicas") for item in found)


def has_kserve(cluster: Cluster) -> bool:
    kind = cluster.exists("crd", "inferenceservices.serving.kserve.io")
    return kind and is_available(cluster, "kserve-controller-manager")


def has_argo(cluster: Cluster) -> bool:
    kind = cluster.exists("crd", "workflows.argoproj.io")
    return kind and is_available(cluster, "workflow-controller")


def has_pipelines(cluster: Cluster) -> bool:
    return is_available(cluster, "ml-pipeline")


def has_gateway(cluster: Cluster) -> bool:
    """Whether some controller has taken a class of gateways for its own."""
    if not cluster.exists("crd", "gatewayclasses.gateway.networking.k8s.io"):
        return False
    conditions = [
        condition
        for item in cluster.get("gatewayclasses.gateway.networking.k8s.io")["items"]
        for condition in item.get("status", {}).get("conditions", [])
    ]
    return any(c["type"] == "Accepted" and c["status"] == "True" for c in conditions)


def has_prometheus(cluster: Cluster) -> bool:
    labels = "--selector=app.kubernetes.io/name=prometheus"
    return bool(cluster.get("services", "--all-namespaces", labels)["items"])


def has_default_storage(cluster: Cluster) -> bool:
    annotation = "storageclass.kubernetes.io/is-default-class"
    classes = cluster.get("storageclasses")["items"]
    return any(c["metadata"].get("annotations", {}).get(annotation) == "true" for c in classes)


def enforces_policies(cluster: Cluster) -> bool:
    """Tried, since no object says it: a pod asks another, and a policy lets nothing pass."""
    with cluster.namespace() as namespace:
        namespace.start("server", "httpd -f -p 8080")
        namespace.start("asking", "sleep 3600")
        url = f"http://{namespace.get('pod', 'server')['status']['podIP']}:8080"
        wait_until(lambda: answers(namespace, "asking", url), f"an answer of {url}")
        namespace.apply(NOTHING_PASSES)
        deadline = time.monotonic() + POLICY_SEEN_S
        while answers(namespace, "asking", url):
            if time.monotonic() > deadline:
                return False
        return True


def answers(namespace: Namespace, pod: str, url: str) -> bool:
    """Whether a pod gets any answer, an error included, from a URL within two seconds."""
    script = f"timeout 2 wget -q -O - {url} 2>&1 || true"
    return "404" in namespace.run(pod, "sh", "-c", script)


PARTS: dict[str, Callable[[Cluster], bool]] = {
    "KServe": has_kserve,
    "Argo Workflows": has_argo,
    "Kubeflow Pipelines": has_pipelines,
    "Gateway API": has_gateway,
    "Prometheus": has_prometheus,
    "default storage class": has_default_storage,
    "network policies": enforces_policies,
}
