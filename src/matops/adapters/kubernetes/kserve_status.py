"""What KServe's controller and the gateway have made of an InferenceService.

``status.observedGeneration`` does not tell: in Standard mode it is that of the stable arm's
Deployment. What tells is whether the canaries in the status and the weights of the routes are
those of the specification.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from matops.adapters.kubernetes.kserve_manifests import (
    arm_service,
    canary_entries,
    service_name,
    stable_name,
)
from matops.core.family import Family

Json = dict[str, Any]
Routes = Sequence[Json | None]
"""The HTTPRoutes of :func:`route_names`; None for one that is not there."""

NOT_RECONCILED = "KServe has not reconciled the last change yet"
NO_ROUTE = "there is no HTTPRoute {}: KServe splits traffic only with enableGatewayApi"


def route_names(family: Family) -> tuple[str, str]:
    """Names of the HTTPRoutes: the one that clients ask, and the one of the predictor's own host.

    Both split the traffic.
    """
    return service_name(family), f"{service_name(family)}-predictor"


def unready_reason(service: Json | None, arm: str) -> str:
    """Why an arm does not answer; empty if it does."""
    if service is None:
        return "not started yet"
    status = service.get("status") or {}
    told = next((s for s in status.get("canaryStatuses") or [] if s["name"] == arm), None)
    if told:  # also of a champion that was a canary at the last look of KServe's
        return "" if told["ready"] else _with_failure("not ready yet", told.get("modelStatus"))
    if arm == stable_name(service):
        return _stable_reason(status)
    return "not started yet" if arm in canary_entries(service) else "not part of the deployment"


def _stable_reason(status: Json) -> str:
    conditions = {item["type"]: item for item in status.get("conditions") or []}
    ready = conditions.get("PredictorReady", {})
    if ready.get("status") == "True":
        return ""
    words = ready.get("message") or ready.get("reason") or "not started yet"
    return _with_failure(words, status.get("modelStatus"))


def _with_failure(words: str, model: Json | None) -> str:
    failure = (model or {}).get("lastFailureInfo") or {}
    cause = failure.get("message") or failure.get("reason")
    return f"{words}: {cause}" if cause else str(words)


def lag_reason(family: Family, service: Json, routes: Routes) -> str:
    """Why the traffic is not split as an InferenceService says yet; empty if it is."""
    wanted = _wanted_split(family, service)
    return _reason(family, service, routes, lambda split: split == wanted)


def asked_reason(family: Family, service: Json, routes: Routes, arms: Iterable[str]) -> str:
    """Why arms that shall have no traffic may still be asked; empty if nobody can ask them.

    That holds sooner than that the traffic is split as it should: KServe leaves out of a route
    who does not answer, and changes none while the champion does not.
    """
    backends = {arm_service(family, arm) for arm in arms}
    return _reason(
        family, service, routes, lambda split: not any(split.get(name) for name in backends)
    )


def _reason(
    family: Family, service: Json, routes: Routes, fits: Callable[[Mapping[str, int]], bool]
) -> str:
    """Why KServe, a route or the gateway has not followed; ``fits`` judges a route's split."""
    told = (service.get("status") or {}).get("canaryStatuses") or []
    asked = [(name, e["trafficPercent"]) for name, e in canary_entries(service).items()]
    if [(entry["name"], entry["trafficPercent"]) for entry in told] != asked:
        return NOT_RECONCILED
    for name, route in zip(route_names(family), routes, strict=True):
        if route is None:
            return NO_ROUTE.format(name)
        for split in _splits(route):
            if not fits(split):
                return _other_split(family, service, split)
        if untaken := untaken_reason(name, route):
            return untaken
    return ""


def untaken_reason(name: str, route: Json) -> str:
    """Why a gateway does not route by an HTTPRoute as it is now; empty if it does."""
    return "" if _is_taken(route) else f"the gateway has not taken over HTTPRoute {name} yet"


def _wanted_split(family: Family, service: Json) -> dict[str, int]:
    """Percentages by backend: KServe leaves out canaries that don't answer."""
    shares = {
        arm_service(family, name): int(entry["trafficPercent"])
        for name, entry in canary_entries(service).items()
        if not unready_reason(service, name)
    }
    return {arm_service(family, stable_name(service)): 100 - sum(shares.values()), **shares}


def _splits(route: Json) -> list[dict[str, int]]:
    """Percentages by backend of each rule of an HTTPRoute: requests and gRPC have their own."""
    return [_percentages(rule.get("backendRefs") or []) for rule in route["spec"].get("rules", [])]


def _percentages(backends: Sequence[Json]) -> dict[str, int]:
    # A backend without a weight weighs 1: Gateway API, HTTPBackendRef.
    weights = {backend["name"]: backend.get("weight", 1) for backend in backends}
    total = sum(weights.values()) or 1
    return {name: round(100 * weight / total) for name, weight in weights.items()}


def _other_split(family: Family, service: Json, found: Mapping[str, int]) -> str:
    wanted, champion = _wanted_split(family, service), stable_name(service)
    words = f"the traffic is split {_words(found)}, not yet {_words(wanted)}"
    why = unready_reason(service, champion)
    return f"{words}: KServe changes no route while {champion} is down: {why}" if why else words


def _words(split: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {percent} %" for name, percent in sorted(split.items())) or "nowhere"


def _is_taken(route: Json) -> bool:
    """Whether a gateway has accepted a route as it is now.

    One is enough: what a controller wrote that was there before stays.
    """
    now = route["metadata"].get("generation", 0)
    return any(
        condition["type"] == "Accepted"
        and condition["status"] == "True"
        and condition.get("observedGeneration", now) >= now
        for parent in (route.get("status") or {}).get("parents") or []
        for condition in parent.get("conditions") or []
    )
