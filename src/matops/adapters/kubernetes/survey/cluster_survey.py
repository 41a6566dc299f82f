"""State of a cluster, as far as a deployment depends on it; it is only read."""

import json
from functools import partial
from typing import Any

from kubernetes.client import AppsV1Api, CoreV1Api, StorageV1Api, VersionApi

from matops.adapters.kubernetes.kubernetes_objects import Json, KubernetesObjects
from matops.adapters.kubernetes.survey.prerequisites import (
    DEFAULT_CLASS,
    ClusterState,
    Needs,
    Secret,
)

KSERVE = "kserve"
"""Namespace of KServe's controller."""

PIPELINES = "ml-pipeline"
"""Kubeflow's API server, in whatever namespace."""


def survey(objects: KubernetesObjects, needs: Needs) -> ClusterState:
    """Read everything that is needed.

    Raises:
        BadInput: the cluster can't be reached, or refuses.
    """
    core = CoreV1Api(objects.client)
    namespace = objects.ask("", core.read_namespace, needs.namespace) is not None
    ingress = _ingress(objects, core)
    classes = objects.ask("storage classes", StorageV1Api(objects.client).list_storage_class).items
    pipelines_in = _pipelines_namespace(objects, needs.namespace)
    return ClusterState(
        version=objects.ask("version", VersionApi(objects.client).get_code).git_version,
        kinds=frozenset(kind for kind in needs.kinds if _is_served(objects, kind)),
        namespace=namespace,
        secrets=_secrets(objects, core, needs),
        storage_classes={item.metadata.name: item.provisioner for item in classes},
        default_class=next((item.metadata.name for item in classes if _is_default(item)), ""),
        kserve=_image(objects, KSERVE, "kserve-controller-manager"),
        ingress=ingress,
        gateway=_has_gateway(objects, str(ingress.get("kserveIngressGateway", ""))),
        bound=_bound(objects, core, needs),
        pipelines=_image(objects, pipelines_in, PIPELINES) if pipelines_in else "",
        pipelines_in=pipelines_in,
        pipelines_here=_runs_pipelines(objects, pipelines_in, needs.namespace),
    )


def _is_served(objects: KubernetesObjects, kind: str) -> bool:
    """Whether the API serves a kind, as in ``batch/v1 CronJob``."""
    version, _, name = kind.partition(" ")
    listed = objects.read(f"/{'apis' if '/' in version else 'api'}/{version}")
    return any(item["kind"] == name for item in (listed or {}).get("resources", []))


def _secrets(objects: KubernetesObjects, core: CoreV1Api, needs: Needs) -> dict[str, Secret]:
    secrets = {}
    for name in sorted({*needs.secrets, *needs.serving_secrets}):
        secret = objects.ask(name, core.read_namespaced_secret, name, needs.namespace)
        if secret:
            annotations = secret.metadata.annotations or {}
            secrets[name] = Secret(frozenset(secret.data or {}), annotations)
    return secrets


def _is_default(storage_class: Any) -> bool:
    return (storage_class.metadata.annotations or {}).get(DEFAULT_CLASS) == "true"


def _image(objects: KubernetesObjects, namespace: str, name: str) -> str:
    """Image of a deployment's first container; empty if there is no such deployment."""
    read = AppsV1Api(objects.client).read_namespaced_deployment
    deployment = objects.ask(f"{namespace}/{name}", read, name, namespace)
    return str(deployment.spec.template.spec.containers[0].image) if deployment else ""


def _ingress(objects: KubernetesObjects, core: CoreV1Api) -> Json:
    """KServe's configuration of its routes; empty where there is none, or none that is JSON."""
    name = "inferenceservice-config"
    config_map = objects.ask(name, core.read_namespaced_config_map, name, KSERVE)
    try:
        ingress = json.loads((config_map.data or {}).get("ingress", "{}")) if config_map else {}
    except ValueError:
        return {}
    return ingress if isinstance(ingress, dict) else {}


def _has_gateway(objects: KubernetesObjects, name: str) -> bool:
    namespace, _, gateway = name.partition("/")
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gateways/{gateway}"
    return bool(gateway) and objects.read(path) is not None


def _bound(objects: KubernetesObjects, core: CoreV1Api, needs: Needs) -> frozenset[str]:
    """Claims of an earlier deployment: their class was chosen then."""
    read, namespace = core.read_namespaced_persistent_volume_claim, needs.namespace
    found = {c.name: objects.ask(c.name, read, c.name, namespace) for c in needs.claims}
    return frozenset(name for name, claim in found.items() if claim and claim.spec.volume_name)


def _pipelines_namespace(objects: KubernetesObjects, namespace: str) -> str:
    """Where Kubeflow's API server is: in this namespace, else in another; empty if nowhere."""
    if _image(objects, namespace, PIPELINES):
        return namespace
    everywhere = AppsV1Api(objects.client).list_deployment_for_all_namespaces
    named = f"metadata.name={PIPELINES}"
    found = objects.ask("deployments", partial(everywhere, field_selector=named))
    return next((item.metadata.namespace for item in found.items), "") if found else ""


def _runs_pipelines(objects: KubernetesObjects, pipelines_in: str, namespace: str) -> bool:
    """Whether that installation runs pipelines in a namespace.

    One for a single user runs them where it is; one for several in users' namespaces, which have a
    Profile each.
    """
    if pipelines_in in ("", namespace):
        return bool(pipelines_in)
    return objects.read(f"/apis/kubeflow.org/v1/profiles/{namespace}") is not None
