"""The product's own Prometheus on the cluster: it finds the pods of models, and reads them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cluster import Namespace
from tests.support.kubectl import wait_until
from tests.support.kustomize import MANIFESTS

pytestmark = [pytest.mark.cluster, pytest.mark.needs("default storage class")]

MODEL_LABELS = {"matops/role": "serving"}
# busybox's httpd calls a file without a suffix bytes, which Prometheus refuses.
SERVER = """
printf 'HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n' > /tmp/answer
echo 'matops_model_info 1' >> /tmp/answer
while true; do nc -l -p 8080 < /tmp/answer > /dev/null; done
"""
LOOKS_EACH_S = 15
"""Of the product's configuration."""


def prometheus(namespace: Namespace, directory: Path) -> str:
    """What kustomize makes of the product's Prometheus for a namespace."""
    kustomization = {
        "namespace": namespace.name,
        "resources": [os.path.relpath(MANIFESTS / "monitoring", directory)],
        "components": [os.path.relpath(MANIFESTS / "components/prometheus", directory)],
        # The component adds to the settings.
        "configMapGenerator": [{"name": "matops-settings"}],
    }
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return namespace.cluster.kubectl("kustomize", str(directory)).stdout


def pod(name: str, labels: dict[str, str], image: str) -> Any:
    """A pod that has one metric for who asks; like a model server it has two ports."""
    container = {
        "name": "server",
        "image": image,
        "command": ["/bin/sh", "-c", SERVER],
        "ports": [{"containerPort": 8080}, {"containerPort": 8081}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


def asked(namespace: Namespace, path: str) -> Any:
    """What Prometheus answers, through the API server."""
    service = f"/api/v1/namespaces/{namespace.name}/services/matops-prometheus:9090/proxy"
    return json.loads(namespace.kubectl("get", "--raw", f"{service}/api/v1/{path}"))["data"]


def test_prometheus_finds_the_pods_of_models_and_no_others(
    namespace: Namespace, tmp_path: Path
) -> None:
    objects = list(yaml.safe_load_all(prometheus(namespace, tmp_path)))
    namespace.apply(*objects)
    image = namespace.cluster.image
    namespace.apply(pod("model", MODEL_LABELS, image), pod("stranger", {}, image))
    namespace.wait("deployment/matops-prometheus", "condition=Available")

    def read() -> set[str]:
        return {
            s["metric"]["pod"] for s in asked(namespace, "query?query=matops_model_info")["result"]
        }

    wait_until(read, "a metric of a model", 3 * LOOKS_EACH_S)
    assert read() == {"model"}
    targets = asked(namespace, "targets?state=active")["activeTargets"]
    assert [target["health"] for target in targets] == ["up"]
    assert asked(namespace, "rules")["groups"]
