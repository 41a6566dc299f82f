"""Copies of requests for a candidate: an HTTPRoute of our own beside those of KServe.

KServe's controller would take a filter out of its routes again. This one has their hosts, and rules
for the exact paths of predictions, which the Gateway API prefers to KServe's patterns: the champion
answers, the candidate gets a copy, and its answer is dropped. What comes by gRPC is not copied.

Source: Gateway API 1.5, HTTPRouteRule.matches (precedence) and HTTPRequestMirrorFilter.
"""

from collections.abc import Sequence
from typing import Any

from matops.adapters.kubernetes.kserve_manifests import arm_service, includes, service_name
from matops.adapters.kubernetes.kserve_state import owned_by
from matops.adapters.kubernetes.kserve_status import Routes, untaken_reason
from matops.core.family import Family
from matops.core.release.rollout import Arm, Rollout

Json = dict[str, Any]

COPIED = ("filters", "timeouts")
"""What a rule of KServe's has beside matches and backends."""


def mirror_name(family: Family) -> str:
    """Name of the HTTPRoute."""
    return f"{service_name(family)}-mirror"


def mirror_route(family: Family, rollout: Rollout, service: Json, routes: Routes) -> Json | None:
    """The HTTPRoute that a state asks for, from those of KServe; None where it asks for none."""
    found = [route for route in routes if route is not None]
    if not rollout.is_mirrored or rollout.candidate is None or not found:
        return None
    names = (name for route in found for name in route["spec"].get("hostnames", []))
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {
            "name": mirror_name(family),
            "labels": {"matops/family": family.name},
            **owned_by(service)["metadata"],
        },
        "spec": {
            "parentRefs": found[0]["spec"].get("parentRefs", []),
            "hostnames": list(dict.fromkeys(names)),
            "rules": _rules(family, rollout.champion, rollout.candidate, found[0]),
        },
    }


def mirror_lag_reason(family: Family, wanted: Json | None, mirror: Json | None) -> str:
    """Why the candidate does not get its copies, or still gets some; empty if all is as wanted."""
    name = mirror_name(family)
    if wanted is None:
        return f"HTTPRoute {name} is still there" if mirror else ""
    if mirror is None or not includes(mirror["spec"], wanted["spec"]):
        return f"HTTPRoute {name} is not written yet"
    return untaken_reason(name, mirror)


def _rules(family: Family, champion: Arm, candidate: Arm, route: Json) -> list[Json]:
    """Rules of the route: KServe's first to the champion, for the paths of predictions."""
    answering, copied_to = arm_service(family, champion.name), arm_service(family, candidate.name)
    for rule in route["spec"].get("rules", []):
        backends: Sequence[Json] = rule.get("backendRefs") or []
        backend = next((entry for entry in backends if entry["name"] == answering), None)
        if backend is None or _is_grpc(rule):
            continue
        beside = {name: rule[name] for name in COPIED if name in rule}
        answered = {name: value for name, value in backend.items() if name != "weight"}
        mirror = {
            "type": "RequestMirror",
            "requestMirror": {"backendRef": answered | {"name": copied_to}},
        }
        filters = [*beside.pop("filters", []), mirror]
        return [
            {"matches": _matches(family), "filters": filters, "backendRefs": [answered], **beside}
        ]
    return []


def _matches(family: Family) -> list[Json]:
    paths = (f"/v1/models/{family.name}:predict", f"/v2/models/{family.name}/infer")
    return [{"method": "POST", "path": {"type": "Exact", "value": path}} for path in paths]


def _is_grpc(rule: Json) -> bool:
    """Whether a rule is that of gRPC, which has one of its own and another port."""
    return "grpc" in str(rule.get("matches")).lower()
