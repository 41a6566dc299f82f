"""What KServe's controller says of an InferenceService, and how its route splits the traffic."""

from collections.abc import Iterable
from typing import Any

from matops.adapters.kubernetes.kserve_manifests import arm_service, canary_entries, stable_name
from matops.core.family import Family

Json = dict[str, Any]

NOT_RECONCILED = "KServe has not reconciled the last change yet"


def unreconciled_reason(service: Json) -> str:
    """Why the controller has not reconciled the last generation; empty if it has."""
    reconciled = (service.get("status") or {}).get("observedGeneration", 0)
    return NOT_RECONCILED if reconciled < service["metadata"].get("generation", 0) else ""


def unready_reason(service: Json, arm: str) -> str:
    """Why an arm does not answer; empty if it does."""
    if unreconciled := unreconciled_reason(service):
        return unreconciled
    status = service.get("status") or {}
    if arm == stable_name(service):
        return _stable_reason(status)
    if arm not in canary_entries(service):
        return "not part of the deployment"
    return _canary_reason(status, arm)


def _stable_reason(status: Json) -> str:
    conditions = {item["type"]: item for item in status.get("conditions") or []}
    ready = conditions.get("PredictorReady", {})
    if ready.get("status") == "True":
        return ""
    words = ready.get("message") or ready.get("reason") or "not started yet"
    return _with_failure(words, status.get("modelStatus"))


def _canary_reason(status: Json, arm: str) -> str:
    own = next((s for s in status.get("canaryStatuses") or [] if s["name"] == arm), None)
    if own is None:
        return "not started yet"
    return "" if own["ready"] else _with_failure("not ready yet", own.get("modelStatus"))


def _with_failure(words: str, model: Json | None) -> str:
    failure = (model or {}).get("lastFailureInfo") or {}
    cause = failure.get("message") or failure.get("reason")
    return f"{words}: {cause}" if cause else str(words)


def traffic_percent(route: Json, family: Family, arms: Iterable[str]) -> dict[str, int]:
    """Share of the traffic by arm, or by backend that is none, as an HTTPRoute splits it."""
    backends = {arm_service(family, arm): arm for arm in arms}
    rules = route["spec"].get("rules") or [{}]
    # A backend without a weight weighs 1: Gateway API, HTTPBackendRef.
    weights = {ref["name"]: ref.get("weight", 1) for ref in rules[0].get("backendRefs") or []}
    total = sum(weights.values()) or 1
    return {
        backends.get(name, name): round(100 * weight / total)
        for name, weight in weights.items()
        if weight
    }
