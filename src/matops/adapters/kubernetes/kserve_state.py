"""State of a family's releases on a cluster: a ConfigMap beside its InferenceService.

It is no annotation of the service, since KServe writes those into the pods of every arm, and a
change would restart them all. The service owns the ConfigMap, so that one goes with the other.
"""

from typing import Any

from matops.adapters.kubernetes.kserve_manifests import service_name
from matops.artifacts.jsonfile import from_json, to_json
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.rollout import Rollout

Json = dict[str, Any]

KEY = "rollout"


def state_name(family: Family) -> str:
    """Name of the ConfigMap."""
    return f"{service_name(family)}-rollout"


def state_map(family: Family, rollout: Rollout) -> Json:
    """A new ConfigMap; there may be no service yet that could own it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": state_name(family), "labels": {"matops/family": family.name}},
        **state_data(rollout),
    }


def state_data(rollout: Rollout) -> Json:
    """The rollout as the ConfigMap keeps it."""
    return {"data": {KEY: to_json(rollout).decode()}}


def read_state(kept: Json) -> Rollout:
    """The rollout that a ConfigMap keeps.

    Raises:
        BadInput: it keeps none, or one that does not fit the schema.
    """
    name, text = kept["metadata"]["name"], (kept.get("data") or {}).get(KEY)
    if text is None:
        raise BadInput(f"ConfigMap {name}: no {KEY}: not written by matops")
    return from_json(text.encode(), Rollout, f"ConfigMap {name}: {KEY}")


def owned_by(service: Json) -> Json:
    """Metadata that make a service the owner."""
    owner = {
        "apiVersion": service["apiVersion"],
        "kind": service["kind"],
        "name": service["metadata"]["name"],
        "uid": service["metadata"]["uid"],
    }
    return {"metadata": {"ownerReferences": [owner]}}


def is_owned_by(kept: Json, service: Json) -> bool:
    """Whether a service owns the ConfigMap."""
    owners = kept["metadata"].get("ownerReferences") or []
    return [owner["uid"] for owner in owners] == [service["metadata"]["uid"]]
