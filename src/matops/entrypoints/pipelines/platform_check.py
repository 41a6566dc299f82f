"""Whether a cluster has what manifests need, before anything of it is touched."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects, connect
from matops.adapters.kubernetes.survey.cluster_survey import survey
from matops.adapters.kubernetes.survey.kubeflow_settings import (
    kubeflow_advice,
    read_kubeflow_settings,
)
from matops.adapters.kubernetes.survey.node_sizes import (
    GPU,
    Size,
    node_sizes,
    pod_sizes,
    size_of,
    too_large,
)
from matops.adapters.kubernetes.survey.prerequisites import lacks, needs_of
from matops.core.errors import BadInput
from matops.entrypoints.settings import Settings, read_settings


@dataclass(frozen=True)
class PlatformCheck:
    """What was found, a line each."""

    lacks: list[str]  # without which the objects don't work
    advice: list[str]  # what works, and not as it should


def check_platform(manifests: Path) -> PlatformCheck:
    """Look at what the cluster has for the objects in a file of ``kubectl kustomize``.

    Raises:
        BadInput: that is no such file, or the cluster can't be reached, or refuses.
    """
    settings = read_settings()
    try:
        items = [item for item in yaml.safe_load_all(manifests.read_text()) if item]
        needs, pods = needs_of(items, settings.kubernetes_namespace), pod_sizes(items)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        raise BadInput(f"{manifests}: no YAML of Kubernetes objects") from None
    cluster = connect(settings.kubernetes_context)
    objects = KubernetesObjects(cluster, settings.kubernetes_namespace)
    state = survey(objects, needs)
    advice = list(too_large([*pods, *_step_sizes(settings)], node_sizes(objects)))
    if state.pipelines_in:
        found = read_kubeflow_settings(objects, state.pipelines_in)
        advice += kubeflow_advice(found, settings.kfp_service_account)
    return PlatformCheck(lacks(needs, state), advice)


def _step_sizes(settings: Settings) -> list[Size]:
    """What pipelines reserve unless a run says otherwise."""
    steps = {"cpu": settings.step_cpu, "memory": settings.step_memory}
    train = {"cpu": settings.train_cpu, "memory": settings.train_memory, GPU: settings.train_gpus}
    return [
        size_of("steps of pipelines (MATOPS_STEP_CPU, _MEMORY)", steps),
        size_of("training in pipelines (MATOPS_TRAIN_CPU, _MEMORY, _GPUS)", train),
    ]
