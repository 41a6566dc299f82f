"""InferenceServices that KServe refuses: cases for the tests' server and for a real one."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from matops.adapters.kubernetes.kserve_manifests import PodSettings, canary, inference_service
from matops.adapters.kubernetes.kubernetes_objects import SERVICES, KubernetesObjects
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family

Json = dict[str, Any]
Change = Callable[[Json], Any]

FAMILY = get_family("elastic_cgcnn")
NAME = "elastic-cgcnn"
PODS = PodSettings()
OLD = Arm("m8a727648-1", "8a727648abea", "pvc://models/elastic_cgcnn/8a727648abea")
NEW = Arm("m51b0c0de-2", "51b0c0de51b0", "pvc://models/elastic_cgcnn/51b0c0de51b0")
TWIN = Arm("b8a727648-2", OLD.version, OLD.package)


def allowed() -> Json:
    """A release under way, as matops writes it."""
    made = inference_service(FAMILY, Rollout(1, OLD), PODS)
    made["spec"]["canary"] = [canary(NEW, 10, PODS, 1), canary(TWIN, 10, PODS, 1)]
    return made


def of_canary(**fields: Any) -> Change:
    return lambda made: made["spec"]["canary"][0]["predictor"].update(fields)


def share(percent: int) -> Change:
    return lambda made: made["spec"]["canary"][0].update(trafficPercent=percent)


def of_stable(**fields: Any) -> Change:
    return lambda made: made["spec"]["predictor"].update(fields)


CASES: dict[str, tuple[Change, str]] = {
    "a name that begins with a digit": (of_canary(name="51b0c0de-2"), r"predictor\.name"),
    "a champion's as well": (of_stable(name="8a727648-1"), r"predictor\.name"),
    "maxReplicas of a canary": (of_canary(maxReplicas=1), "must not set maxReplicas"),
    "more pods than the champion has": (of_canary(minReplicas=2), "minReplicas .*exceed"),
    "the champion's name": (of_canary(name=OLD.name), "name"),
    "a name twice": (of_canary(name=TWIN.name), "name"),
    "more than all of the traffic": (share(95), "trafficPercent|percentages"),
    "more than a hundred per cent": (share(101), "trafficPercent"),
}


def check_refused(objects: KubernetesObjects, case: str) -> None:
    """A new service is refused with words that name the field, and is not there."""
    change, words = CASES[case]
    made = allowed()
    change(made)
    with pytest.raises(BadInput, match=words):
        objects.create(SERVICES, made)
    assert objects.get(SERVICES, NAME) is None


def check_changes(objects: KubernetesObjects) -> None:
    """What matops writes is taken; a champion's new name needs another model."""
    objects.create(SERVICES, allowed())
    found = objects.get(SERVICES, NAME)
    assert found
    renamed = deepcopy(found)
    with pytest.raises(BadInput, match=r"predictor\.name"):
        objects.patch(SERVICES, renamed, {"spec": {"predictor": {"name": "other"}}})
    objects.delete(SERVICES, NAME)
