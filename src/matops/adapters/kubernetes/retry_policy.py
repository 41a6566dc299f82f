"""Whether Kubeflow tries steps again that fail: what its Argo and its API server are set to."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from kubernetes.client import AppsV1Api, CoreV1Api

from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects

CONTROLLER, API_SERVER = "workflow-controller-configmap", "ml-pipeline"
PATCH = "COMPILED_PIPELINE_SPEC_PATCH"
"""Variable of Kubeflow's API server: what every workflow's specification gets in addition."""
RETRIES = {
    "templateDefaults": {
        "retryStrategy": {"retryPolicy": "Always", "expression": "lastRetry.message != ''"}
    }
}
"""Steps that fail are tried again. A graph that fails has no message: it is not run anew."""
ON_FAILURE = ("", "OnFailure", "Always")
"""Policies under which a step is tried again that ends with another status than 0."""


def retry_policy(objects: KubernetesObjects, namespace: str) -> str:
    """The policy that is in force for steps of pipelines; empty for Argo's own, OnFailure.

    Raises:
        BadInput: the cluster can't be reached, or refuses.
    """
    core, apps = CoreV1Api(objects.client), AppsV1Api(objects.client)
    config = objects.ask(CONTROLLER, core.read_namespaced_config_map, CONTROLLER, namespace)
    server = objects.ask(API_SERVER, apps.read_namespaced_deployment, API_SERVER, namespace)
    defaults = _parsed((config.data or {}).get("workflowDefaults")) if config else {}
    containers = server.spec.template.spec.containers if server else []
    variables = {v.name: v.value for one in containers for v in one.env or []}
    patched = _policy(_parsed(variables.get(PATCH)))
    return patched or _policy(defaults.get("spec"))


def never_retried(policy: str) -> Iterator[str]:
    """A line where steps that fail are not tried again."""
    if policy not in ON_FAILURE:
        patch = json.dumps(RETRIES, separators=(",", ":"))
        yield (
            f"Kubeflow Pipelines: a step that fails is not tried again (retryPolicy {policy} in "
            f"{CONTROLLER}); set {PATCH}={patch} on the deployment {API_SERVER}"
        )


def _policy(spec: Any) -> str:
    for key in ("templateDefaults", "retryStrategy", "retryPolicy"):
        spec = spec.get(key) if isinstance(spec, Mapping) else None
    return str(spec or "")


def _parsed(text: str | None) -> Mapping[str, Any]:
    """An object of YAML or JSON; nothing where it is none."""
    try:
        value = yaml.safe_load(text or "")
    except yaml.YAMLError:
        return {}
    return value if isinstance(value, dict) else {}
