"""InferenceServices of KServe in Standard mode, written from a rollout and read back into one.

The stable predictor is the champion; candidate and baseline are canaries, each with its share of
the traffic. A predictor's name is its arm's, and KServe names everything of it
``<service>-<arm>-predictor``: an arm that changes its role keeps its pods. The rollout itself is
an annotation, so that state and deployment change in one write or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.rollout import Arm, Rollout

Json = dict[str, Any]

STATE = "matops/rollout"
MODEL_FORMAT = "matops"
LONGEST_NAME = 63
ANNOTATIONS = {
    "serving.kserve.io/deploymentMode": "Standard",
    "serving.kserve.io/autoscalerClass": "none",
    "serving.kserve.io/enable-prometheus-scraping": "true",
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
    """Name of the Service, the Deployment and the route's backend of one arm.

    Raises:
        BadInput: it is longer than Kubernetes allows.
    """
    name = f"{service_name(family)}-{arm}-predictor"
    if len(name) > LONGEST_NAME:
        raise BadInput(f"{name}: longer than the {LONGEST_NAME} letters of a name in Kubernetes")
    return name


def route_name(family: Family) -> str:
    """Name of the HTTPRoute that splits a family's traffic."""
    return f"{service_name(family)}-predictor"


def predictor(arm: Arm, pods: PodSettings) -> Json:
    """Predictor of an arm, the same whether it is stable or a canary."""
    model = {
        "modelFormat": {"name": MODEL_FORMAT},
        "storageUri": arm.package,
        "args": ["--variant", arm.name],
    }
    account = {"serviceAccountName": pods.service_account} if pods.service_account else {}
    return {
        "name": arm.name,
        "minReplicas": pods.replicas,
        "maxReplicas": pods.replicas,
        "terminationGracePeriodSeconds": pods.grace_s,
        "model": model,
        **account,
    }


def canary(arm: Arm, percent: int, pods: PodSettings) -> Json:
    """An arm with its share of the traffic; with none of it, it only runs."""
    return {"trafficPercent": percent, "predictor": predictor(arm, pods)}


def state_annotation(rollout: Rollout) -> Json:
    """The rollout as it is kept on the deployment."""
    return {STATE: to_json(rollout).decode()}


def inference_service(family: Family, rollout: Rollout, pods: PodSettings) -> Json:
    """A new InferenceService on which the champion answers alone."""
    arm_service(family, rollout.champion.name)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": service_name(family),
            "annotations": {**ANNOTATIONS, **state_annotation(rollout)},
        },
        "spec": {"predictor": predictor(rollout.champion, pods), "canary": []},
    }


def read_rollout(service: Json) -> Rollout:
    """The rollout that an InferenceService carries.

    Raises:
        BadInput: it carries none, or one that does not fit the schema.
    """
    name = service["metadata"]["name"]
    text = service["metadata"].get("annotations", {}).get(STATE)
    if text is None:
        raise BadInput(f"InferenceService {name}: no annotation {STATE}: not deployed by matops")
    return from_json(text.encode(), Rollout, f"InferenceService {name}: annotation {STATE}")


def stable_name(service: Json) -> str:
    """Name of the stable predictor's arm."""
    return str(service["spec"]["predictor"].get("name", ""))


def canary_entries(service: Json) -> dict[str, Json]:
    """The canaries of an InferenceService by arm name."""
    return {entry["predictor"]["name"]: entry for entry in service["spec"].get("canary") or []}


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
