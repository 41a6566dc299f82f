"""A namespace in which KServe serves stand-ins of models, and a pod that asks them all the time.

A stand-in answers with its arm's name. When it is told to end, it goes on for some seconds, as a
model server does: a gateway learns later of it than the pod.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matops.adapters.kubernetes.kserve_manifests import PodSettings
from matops.adapters.kubernetes.kserve_serving import KServeServing
from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects
from matops.core.release.rollout import Rollout
from matops.families import get_family
from tests.support.cluster import Cluster, Namespace
from tests.support.kubectl import wait_until

Json = dict[str, Any]

FAMILY = get_family("elastic_cgcnn")
SERVICE = "elastic-cgcnn"
CLAIM = "models"
PATIENCE_S = 180.0
CLIENTS = 3
LOST = "lost"

MODEL = """
mkdir -p /tmp/www/v2/health
echo yes > /tmp/www/v2/health/ready
echo "$2" > /tmp/www/arm
httpd -f -p 8080 -h /tmp/www &
trap 'rm /tmp/www/v2/health/ready; sleep 5; kill $!; exit 0' TERM
wait $!
"""
CLIENT = """
ask() {
  while [ ! -e /tmp/stop ]; do
    timeout 10 wget -q -O - --header "Host: HOST" GATEWAY/arm || echo lost
    sleep 0.1
  done
}
for n in $(seq CLIENTS); do ask > /tmp/answers.$n & done
wait
sleep 3600
"""


def claim() -> Json:
    """The volume on which packages would lie."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    metadata = {"name": CLAIM}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def runtime(image: str) -> Json:
    """A ServingRuntime in the place of ours."""
    probe = {"httpGet": {"path": "/v2/health/ready", "port": 8080}, "periodSeconds": 1}
    container = {
        "name": "kserve-container",
        "image": image,
        "command": ["sh", "-c", MODEL, "model"],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "readinessProbe": probe,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    }
    formats = [{"name": "matops", "version": "1", "autoSelect": True}]
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "matops"},
        "spec": {"supportedModelFormats": formats, "containers": [container]},
    }


@dataclass(frozen=True)
class ModelNamespace:
    """One namespace with a family's deployment."""

    namespace: Namespace

    def serving(self, replicas: int = 1, patience_s: float = PATIENCE_S) -> KServeServing:
        """The adapter, as whoever the kubeconfig names."""
        return KServeServing(self.objects(), PodSettings(replicas), "pvc://models", patience_s, 0.5)

    def objects(self) -> KubernetesObjects:
        """A way to the cluster of one's own."""
        way = self.namespace.cluster.client().configuration
        return KubernetesObjects(way, self.namespace.name)

    def apply(self, *states: Rollout, replicas: int = 1) -> None:
        for state in states:
            self.serving(replicas).apply(FAMILY, state)

    def pods(self) -> dict[str, set[str]]:
        """Names of the pods that run and are not ending, by arm."""
        label = f"--selector=serving.kserve.io/inferenceservice={SERVICE}"
        found: dict[str, set[str]] = {}
        for pod in self.namespace.get("pods", label)["items"]:
            if "deletionTimestamp" not in pod["metadata"]:
                arm = pod["spec"]["containers"][0]["args"][-1]
                found.setdefault(arm, set()).add(pod["metadata"]["name"])
        return found

    @property
    def gateway(self) -> str:
        """URL of the gateway, as pods reach it."""
        [parent] = self.namespace.get("httproute", SERVICE)["spec"]["parentRefs"]
        own = ("gateway", parent["name"], "--namespace", parent["namespace"])
        [address, *_] = self.namespace.cluster.get(*own)["status"]["addresses"]
        return f"http://{address['value']}"

    @property
    def host(self) -> str:
        """The name by which clients ask."""
        return str(self.namespace.get("httproute", SERVICE)["spec"]["hostnames"][0])

    def ask(self, times: int) -> Counter[str]:
        """Answers to some requests, by arm."""
        one = f'timeout 10 wget -q -O - --header "Host: {self.host}" {self.gateway}/arm'
        script = f"for n in $(seq {times}); do {one} || echo {LOST}; done"
        return Counter(self.namespace.run("client", "sh", "-c", script).split())

    @contextmanager
    def clients(self) -> Iterator[Counter[str]]:
        """Ask all the time; the answers by arm are there at the end."""
        answers: Counter[str] = Counter()
        wait_until(lambda: LOST not in self.ask(3), "an answer through the gateway")
        named = {"HOST": self.host, "GATEWAY": self.gateway, "CLIENTS": str(CLIENTS)}
        script = CLIENT
        for word, text in named.items():
            script = script.replace(word, text)
        self.namespace.start("clients", script)
        try:
            yield answers
        finally:
            told = "touch /tmp/stop; sleep 2; cat /tmp/answers.*"
            answers.update(self.namespace.run("clients", "sh", "-c", told).split())
            self.namespace.kubectl("delete", "pod", "clients")


@contextmanager
def model_namespace(cluster: Cluster) -> Iterator[ModelNamespace]:
    """A namespace with all that a stand-in needs, and nothing deployed."""
    with cluster.namespace() as namespace:
        namespace.apply(claim(), runtime(cluster.image))
        volume = {"name": "models", "persistentVolumeClaim": {"claimName": CLAIM}}
        mount = {"name": "models", "mountPath": "/models"}
        namespace.start(
            "client", "sleep 3600", volumes=[volume], container={"volumeMounts": [mount]}
        )
        yield ModelNamespace(namespace)
