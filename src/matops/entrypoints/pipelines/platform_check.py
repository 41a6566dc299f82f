"""Whether a cluster has what manifests need, before anything of it is touched."""

from pathlib import Path

import yaml

from matops.adapters.kubernetes.cluster_survey import survey
from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects, connect
from matops.adapters.kubernetes.node_sizes import (
    GPU,
    Size,
    node_sizes,
    pod_sizes,
    size_of,
    too_large,
)
from matops.adapters.kubernetes.prerequisites import lacks, needs_of
from matops.adapters.kubernetes.retry_policy import never_retried, retry_policy
from matops.core.errors import BadInput
from matops.entrypoints.settings import Settings, read_settings


def missing_prerequisites(manifests: Path) -> list[str]:
    """What the cluster lacks for the objects in a file of ``kubectl kustomize``, a line each.

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
    policy = retry_policy(objects, state.pipelines_in) if state.pipelines_in else ""
    sizes = too_large([*pods, *_step_sizes(settings)], node_sizes(objects))
    return [*lacks(needs, state), *never_retried(policy), *sizes]


def _step_sizes(settings: Settings) -> list[Size]:
    """What pipelines reserve unless a run says otherwise."""
    steps = {"cpu": settings.step_cpu, "memory": settings.step_memory}
    train = {"cpu": settings.train_cpu, "memory": settings.train_memory, GPU: settings.train_gpus}
    return [
        size_of("steps of pipelines (MATOPS_STEP_CPU, _MEMORY)", steps),
        size_of("training in pipelines (MATOPS_TRAIN_CPU, _MEMORY, _GPUS)", train),
    ]
