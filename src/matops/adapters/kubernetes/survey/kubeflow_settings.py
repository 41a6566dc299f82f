"""What Kubeflow is set to that pipelines depend on, and how its shipped settings are mended."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
SHORTER = ("secondsAfterSuccess", "secondsAfterFailure")
"""Each of them comes before ``secondsAfterCompletion``, which is what a pipeline can say."""
ACCOUNT = "DEFAULTPIPELINERUNNERSERVICEACCOUNT"
"""Variable of the API server: whose rights a run has that is started on Kubeflow's page."""


@dataclass(frozen=True)
class KubeflowSettings:
    """What is in force for runs."""

    retry_policy: str = ""  # for steps; empty for Argo's own, OnFailure
    account: str = "pipeline-runner"  # of runs that name none
    kept_s: int | None = None  # how long finished runs stay, whatever their pipeline says
    archives_logs: bool = False  # of all pods, which fail where S3 does not take these


def read_kubeflow_settings(objects: KubernetesObjects, namespace: str) -> KubeflowSettings:
    """The settings of Kubeflow Pipelines in a namespace.

    Raises:
        BadInput: the cluster can't be reached, or refuses.
    """
    core, apps = CoreV1Api(objects.client), AppsV1Api(objects.client)
    config = objects.ask(CONTROLLER, core.read_namespaced_config_map, CONTROLLER, namespace)
    server = objects.ask(API_SERVER, apps.read_namespaced_deployment, API_SERVER, namespace)
    data = (config.data if config else None) or {}
    defaults = _parsed(data.get("workflowDefaults"))
    containers = server.spec.template.spec.containers if server else []
    variables = {v.name: v.value for one in containers for v in one.env or []}
    patched = _policy(_parsed(variables.get(PATCH)))
    return KubeflowSettings(
        retry_policy=patched or _policy(defaults.get("spec")),
        account=variables.get(ACCOUNT) or KubeflowSettings.account,
        kept_s=_kept_s(defaults.get("spec")),
        archives_logs=_parsed(data.get("artifactRepository")).get("archiveLogs") is True,
    )


def kubeflow_advice(found: KubeflowSettings, account: str) -> Iterator[str]:
    """A line for each setting that should be another; ``account`` is whose rights steps need."""
    if found.retry_policy not in ON_FAILURE:
        patch = json.dumps(RETRIES, separators=(",", ":"))
        yield (
            f"Kubeflow Pipelines: a step that fails is not tried again (retryPolicy "
            f"{found.retry_policy} in {CONTROLLER}); set {PATCH}={patch} on the deployment "
            f"{API_SERVER}"
        )
    if found.kept_s is not None:
        yield (
            f"Kubeflow Pipelines: pods and workflow of a finished run go after {found.kept_s} s, "
            f"whatever its pipeline says; take {' and '.join(SHORTER)} out of the ttlStrategy of "
            f"{CONTROLLER} while no run is under way"
        )
    if found.archives_logs:
        yield (
            "Kubeflow Pipelines: a run is lost where S3 is away for the moment in which the log of "
            "one of its drivers is stored; set archiveLogs: false in the artifactRepository of "
            f"{CONTROLLER} while no run is under way: Kubeflow keeps the logs of steps itself"
        )
    if found.account != account:
        yield (
            f"Kubeflow Pipelines: a run that is started on its page has the rights of "
            f"{found.account}, not of {account}; set {ACCOUNT}={account} on the deployment "
            f"{API_SERVER}"
        )


def _kept_s(spec: Any) -> int | None:
    strategy = spec.get("ttlStrategy") if isinstance(spec, Mapping) else None
    strategy = strategy if isinstance(strategy, Mapping) else {}
    return min((s for key in SHORTER if isinstance(s := strategy.get(key), int)), default=None)


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
