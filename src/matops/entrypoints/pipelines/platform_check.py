"""Whether a cluster has what manifests need, before anything of it is touched."""

from pathlib import Path

import yaml

from matops.adapters.kubernetes.cluster_survey import survey
from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects, connect
from matops.adapters.kubernetes.prerequisites import lacks, needs_of
from matops.core.errors import BadInput
from matops.entrypoints.settings import read_settings


def missing_prerequisites(manifests: Path) -> list[str]:
    """What the cluster lacks for the objects in a file of ``kubectl kustomize``, a line each.

    Raises:
        BadInput: that is no such file, or the cluster can't be reached, or refuses.
    """
    settings = read_settings()
    try:
        objects = [item for item in yaml.safe_load_all(manifests.read_text()) if item]
        needs = needs_of(objects, settings.kubernetes_namespace)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        raise BadInput(f"{manifests}: no YAML of Kubernetes objects") from None
    cluster = connect(settings.kubernetes_context)
    return lacks(needs, survey(KubernetesObjects(cluster, settings.kubernetes_namespace), needs))
