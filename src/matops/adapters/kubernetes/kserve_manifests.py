"""InferenceServices of KServe in Standard mode, written from a rollout.

The stable predictor is the champion; candidate and baseline are canaries, each with its share of
the traffic. A predictor's name is its arm's, and KServe names everything of it
``<service>-<arm>-predictor``: an arm that changes its role keeps its pods. For that nothing else
may change either, as KServe writes annotations and labels of the service into every arm's pods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.rollout import Arm, Rollout

Json = dict[str, Any]

MODEL_FORMAT = "matops"
STORAGE_CONTAINER = "matops"
"""Fetches packages from a bucket as restricted pods may: manifests/base/storage-container.yaml."""
LONGEST_NAME, LONGEST_HOST = 58, 63
"""KServe makes a label ``isvc.<name>`` of an arm's name, and a host ``<name>-<namespace>``."""
ANNOTATIONS = {
    "serving.kserve.io/deploymentMode": "Standard",
    "serving.kserve.io/autoscalerClass": "none",
    # Else an installation that switches it on names a port at which no server of ours listens.
    "serving.kserve.io/enable-prometheus-scraping": "false",
}


@dataclass(frozen=True)
class PodSettings:
    """What all pods of a deployment have in common."""

    replicas: int = 1  # pods of each arm; an arm keeps its number when its role changes
    service_account: str = ""  # whose credentials read the packages; empty for the namespace's own
    grace_s: int = 60  # seconds that a pod has to finish its requests before it is killed


def service_name(family: Family) -> str:
    """Name of a family's InferenceService; Kubernetes knows no underscores."""
    return family.name.replace("_", "-")


def arm_service(family: Family, arm: str) -> str:
    """Name of the Service, the Deployment and the route's backend of one arm."""
    return f"{service_name(family)}-{arm}-predictor"


def check_name(family: Family, arm: str, namespace: str) -> None:
    """Check that KServe can name everything of an arm; it would say so nowhere but in an event.

    Raises:
        BadInput: a name is too long.
    """
    name = arm_service(family, arm)
    for text, longest in ((name, LONGEST_NAME), (f"{name}-{namespace}", LONGEST_HOST)):
        if len(text) > longest:
            raise BadInput(f"{text}: longer than the {longest} letters that KServe can name")


def predictor(arm: Arm, pods: PodSettings) -> Json:
    """Predictor of an arm, the same whether it is stable or a canary."""
    model = {
        "modelFormat": {"name": MODEL_FORMAT},
        "storageUri": arm.package,
        "args": ["--variant", arm.name],
    }
    account = {"serviceAccountName": pods.service_account} if pods.service_account else {}
    is_fetched = arm.package.startswith("s3://")
    fetching = {"storageContainerName": STORAGE_CONTAINER} if is_fetched else {}
    return {
        "name": arm.name,
        "minReplicas": pods.replicas,
        "terminationGracePeriodSeconds": pods.grace_s,
        "model": model,
        **account,
        **fetching,
    }


def canary(arm: Arm, percent: int, pods: PodSettings, replicas: int) -> Json:
    """An arm with its share of the traffic; with none of it, it only runs."""
    entry = predictor(arm, pods) | {"minReplicas": replicas}
    return {"trafficPercent": percent, "predictor": entry}


def stable_replicas(canaries: Sequence[Json], pods: PodSettings) -> int:
    """Pods to ask for the champion beside canaries, so that it keeps its own.

    KServe takes those of canaries that are ready off the stable predictor's, down to one. They are
    added before they are ready, since it takes them off at once.
    """
    if pods.replicas == 1:
        return 1
    return pods.replicas + sum(int(entry["predictor"]["minReplicas"]) for entry in canaries)


def spec(champion: Arm, canaries: Sequence[Json], pods: PodSettings) -> Json:
    """Specification of an InferenceService."""
    beside = {"minReplicas": stable_replicas(canaries, pods)}
    return {"predictor": predictor(champion, pods) | beside, "canary": list(canaries)}


def inference_service(family: Family, rollout: Rollout, pods: PodSettings) -> Json:
    """A new InferenceService on which the champion answers alone."""
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": service_name(family), "annotations": dict(ANNOTATIONS)},
        "spec": spec(rollout.champion, [], pods),
    }


def stable_name(service: Json) -> str:
    """Name of the stable predictor's arm."""
    return str(service["spec"]["predictor"].get("name", ""))


def canary_entries(service: Json) -> dict[str, Json]:
    """The canaries of an InferenceService by arm name."""
    return {entry["predictor"]["name"]: entry for entry in service["spec"].get("canary") or []}


def is_ending(service: Json) -> bool:
    """Whether an InferenceService is being deleted, and KServe has not let it go yet."""
    return "deletionTimestamp" in service["metadata"]


def includes(stored: object, written: object) -> bool:
    """Whether a stored object has all that was written; a cluster adds defaults to it."""
    if isinstance(written, Mapping):
        return isinstance(stored, Mapping) and all(
            name in stored and includes(stored[name], value) for name, value in written.items()
        )
    if isinstance(written, Sequence) and not isinstance(written, str):
        return (
            isinstance(stored, Sequence)
            and len(stored) == len(written)
            and all(includes(*pair) for pair in zip(stored, written, strict=True))
        )
    return stored == written
