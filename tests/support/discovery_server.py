"""What a Kubernetes API server answers about itself and its installations, by path.

tests/manifests/test_api_server_live.py runs the same check, ``matops platform check`` of the local
overlay, on a real API server: one that lacks everything, one that lacks annotations of a Secret,
and one that is complete. What else may be missing or of another version runs here alone.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from tests.support.answering import refusal

Json = dict[str, Any]

CORE = ("Namespace", "ServiceAccount", "PersistentVolumeClaim", "ConfigMap", "Service")
GROUPS = {
    "apps/v1": ("Deployment",),
    "batch/v1": ("CronJob", "Job"),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "policy/v1": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io/v1": ("Role", "RoleBinding"),
    "serving.kserve.io/v1beta1": ("InferenceService",),
    "serving.kserve.io/v1alpha1": ("ServingRuntime", "ClusterStorageContainer"),
    "gateway.networking.k8s.io/v1": ("HTTPRoute", "Gateway"),
}


OURS = {"DEFAULTPIPELINERUNNERSERVICEACCOUNT": "matops-pipeline"}
"""What Kubeflow's API server is set to for our pipelines."""


def deployment(image: str, namespace: str = "matops", **variables: str) -> Json:
    """A Deployment as far as its image and its variables are asked for."""
    env = [{"name": name, "value": value} for name, value in variables.items()]
    containers = [{"name": "one", "image": image, "env": env}]
    template = {"spec": {"containers": containers}}
    return {"metadata": {"namespace": namespace}, "spec": {"selector": {}, "template": template}}


def node(**allocatable: str) -> Json:
    """A node as far as its size is asked for."""
    return {"metadata": {"name": "node"}, "status": {"allocatable": allocatable}}


def complete() -> dict[str, Json]:
    """Answers of a cluster that has everything, by path."""
    ingress = {"enableGatewayApi": True, "kserveIngressGateway": "kserve/kserve-ingress-gateway"}
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    keys = {
        name: b64encode(b"x").decode() for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    host = {
        "serving.kserve.io/s3-endpoint": "matops-object-store.matops.svc:9000",
        "serving.kserve.io/s3-usehttps": "0",
    }
    secret = {"metadata": {"name": "matops-s3"}, "data": keys}
    token = {"MATOPS_COMPARISON_TOKEN": b64encode(b"x").decode()}
    release = {"metadata": {"name": "matops-release"}, "data": token}
    reading = {"metadata": {"name": "matops-s3-read", "annotations": host}, "data": keys}
    classes = [
        {"metadata": {"name": "any", "annotations": default}, "provisioner": "nfs.csi.k8s.io"}
    ]
    version = dict.fromkeys(VERSION_FIELDS, "") | {"gitVersion": "v1.34.4"}
    return {
        "/version/": version,
        "/api/v1": {
            "resources": [{"kind": kind} for kind in (*CORE, "LimitRange", "ResourceQuota")]
        },
        **{
            f"/apis/{group}": {"resources": [{"kind": kind} for kind in kinds]}
            for group, kinds in GROUPS.items()
        },
        "/apis/storage.k8s.io/v1/storageclasses": {"items": classes},
        "/apis/apps/v1/deployments": {"items": []},
        "/api/v1/nodes": {"items": [node(cpu="4", memory="16Gi")]},
        "/api/v1/namespaces/matops": {"metadata": {"name": "matops"}},
        "/api/v1/namespaces/matops/secrets/matops-s3": secret,
        "/api/v1/namespaces/matops/secrets/matops-s3-read": reading,
        "/api/v1/namespaces/matops/secrets/matops-release": release,
        "/api/v1/namespaces/kserve/configmaps/inferenceservice-config": {
            "metadata": {},
            "data": {"ingress": json.dumps(ingress)},
        },
        f"{GATEWAYS}/kserve-ingress-gateway": {"metadata": {}},
        f"{DEPLOYMENTS.format('kserve')}/kserve-controller-manager": deployment("kserve:v0.21.0"),
        f"{DEPLOYMENTS.format('matops')}/ml-pipeline": deployment("api-server:2.17.0", **OURS),
    }


DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/kserve/gateways"
VERSION_FIELDS = (
    *("buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion"),
    *("goVersion", "major", "minor", "platform"),
)


@dataclass
class Discovery:
    """Answers by path; what is not there is not found. Only reading is answered.

    Attributes:
        answers: JSON by path.
        refused: paths that the user may not read.
        url: where it is.
        faults: see :class:`tests.support.kubernetes_server.Cluster`.
    """

    answers: dict[str, Json] = field(default_factory=complete)
    refused: set[str] = field(default_factory=set)
    url: str = ""
    faults: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        path = path.partition("?")[0]
        assert (method, body) == ("GET", None), "a check changes nothing"
        if path in self.refused:
            return refusal(403, f"{path} is forbidden")
        found = self.answers.get(path)
        return (200, found) if found is not None else refusal(404, "not found")
