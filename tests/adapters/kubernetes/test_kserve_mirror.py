"""The HTTPRoute that copies requests: what is written, beside routes as KServe writes them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from matops.adapters.kubernetes.kserve_manifests import PodSettings, inference_service
from matops.adapters.kubernetes.kserve_mirror import mirror_lag_reason, mirror_route
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.schemas import check

Json = dict[str, Any]

FAMILY = get_family("elastic_cgcnn")
OLD, NEW = (Arm(name, f"v{name}", f"s3://models/{name}") for name in ("mold-1", "mnew-2"))
MIRRORED = Rollout(2, OLD, NEW, stage_began="then", is_mirrored=True, was_mirrored=True)
SERVICE = inference_service(FAMILY, MIRRORED, PodSettings())
SERVICE["metadata"]["uid"] = "u1"
PARENT = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "g", "namespace": "k"}
NAMED = {
    "type": "RequestHeaderModifier",
    "requestHeaderModifier": {"set": [{"name": "KServe-Isvc-Name", "value": "elastic-cgcnn"}]},
}


def backend(arm: Arm, port: int, weight: int) -> Json:
    name = f"elastic-cgcnn-{arm.name}-predictor"
    return {"group": "", "kind": "Service", "name": name, "port": port, "weight": weight}


def kserves(host: str) -> Json:
    """A route of KServe's: a rule for gRPC, and one for all else."""
    headers = [{"name": "content-type", "type": "RegularExpression", "value": "application/grpc.*"}]
    path = {"type": "RegularExpression", "value": "^/.*$"}
    rules = [
        {
            "matches": [{"headers": headers, "path": path}],
            "backendRefs": [backend(OLD, 8081, 100), backend(NEW, 8081, 0)],
        },
        {
            "matches": [{"path": path}],
            "filters": [NAMED],
            "backendRefs": [backend(OLD, 80, 100), backend(NEW, 80, 0)],
            "timeouts": {"request": "60s"},
        },
    ]
    return {"spec": {"parentRefs": [PARENT], "hostnames": [host], "rules": rules}}


ROUTES = (kserves("clients.example.com"), kserves("predictor.example.com"))


def written(rollout: Rollout = MIRRORED) -> Json:
    route = mirror_route(FAMILY, rollout, SERVICE, ROUTES)
    assert route is not None
    return route


def test_the_champion_answers_predictions_and_the_candidate_gets_a_copy() -> None:
    spec = written()["spec"]
    assert spec["parentRefs"] == [PARENT]
    assert spec["hostnames"] == ["clients.example.com", "predictor.example.com"]
    [rule] = spec["rules"]
    assert rule["matches"] == [
        {"method": "POST", "path": {"type": "Exact", "value": path}}
        for path in ("/v1/models/elastic_cgcnn:predict", "/v2/models/elastic_cgcnn/infer")
    ]
    to = {"group": "", "kind": "Service", "port": 80}
    assert rule["backendRefs"] == [to | {"name": "elastic-cgcnn-mold-1-predictor"}]
    copied_to = to | {"name": "elastic-cgcnn-mnew-2-predictor"}
    assert rule["filters"] == [
        NAMED,
        {"type": "RequestMirror", "requestMirror": {"backendRef": copied_to}},
    ]
    assert rule["timeouts"] == {"request": "60s"}


def test_it_is_an_http_route_that_goes_with_its_service() -> None:
    route = written()
    check(route)
    [owner] = route["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("InferenceService", "u1")


@pytest.mark.parametrize(
    "rollout",
    [replace(MIRRORED, is_mirrored=False), Rollout(3, OLD), replace(MIRRORED, candidate=None)],
    ids=["no longer", "between releases", "nobody to copy to"],
)
def test_otherwise_there_is_none(rollout: Rollout) -> None:
    assert mirror_route(FAMILY, rollout, SERVICE, ROUTES) is None
    assert mirror_lag_reason(FAMILY, None, None) == ""
    assert mirror_lag_reason(FAMILY, None, written()).endswith("is still there")


def test_it_waits_until_kserve_has_written_routes() -> None:
    assert mirror_route(FAMILY, MIRRORED, SERVICE, (None, None)) is None


def test_what_is_not_as_wanted_is_told() -> None:
    wanted = written()
    there = deepcopy(wanted) | {"status": {"parents": [{"conditions": []}]}}
    accepted = {"type": "Accepted", "status": "True"}
    taken = deepcopy(there) | {"status": {"parents": [{"conditions": [accepted]}]}}
    another = written(replace(MIRRORED, candidate=replace(NEW, name="mother-3")))
    name = "HTTPRoute elastic-cgcnn-mirror"
    assert mirror_lag_reason(FAMILY, wanted, None) == f"{name} is not written yet"
    assert mirror_lag_reason(FAMILY, another, taken) == f"{name} is not written yet"
    said = mirror_lag_reason(FAMILY, wanted, there)
    assert said == f"the gateway has not taken over {name} yet"
    assert mirror_lag_reason(FAMILY, wanted, taken) == ""
