"""A local HTTP server that behaves like a Kubernetes API server with KServe 0.21's controller.

It holds one namespace's InferenceServices, ConfigMaps, HTTPRoutes, Services and pods. Writes are
checked against the models that KServe publishes (unknown fields are refused) and against the rules
of its webhook; they raise ``resourceVersion``, and ``generation`` where the spec changed. Time
passes by one tick with each look at an InferenceService; what the controller does in it stands in
tests/support/kserve_controller.py. It is not a cluster.

tests/adapters/kubernetes/test_kubernetes_objects.py runs the same cases on this server and on a
real API server: reading, creating twice, generations, stale writes, merge patches, wrong types,
deletion. That a release may write with its accounts' rights runs on the real one alone
(tests/manifests/test_api_server_live.py), and releases on a real controller in tests/cluster.
"""

from __future__ import annotations

import threading
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.support.answering import refusal
from tests.support.kserve_controller import NAMESPACE, Controller, check_webhook
from tests.support.kserve_models import check_model

Json = dict[str, Any]

ISVC = f"/apis/serving.kserve.io/v1beta1/namespaces/{NAMESPACE}/inferenceservices"
ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes"
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services"
POD = f"/api/v1/namespaces/{NAMESPACE}/pods"
STATE = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
WEBHOOK = "admission webhook denied the request"


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch, RFC 7396."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


@dataclass
class Moment:
    """What the cluster was at one tick: arms, the gateway's split, who answers, and all pods."""

    stable: str
    canaries: dict[str, int]
    weights: dict[str, int]
    answering: set[str]
    pods: dict[str, list[int]]
    mirror: tuple[str, str] | None  # who answers what our own route takes, and who gets copies


@dataclass
class Cluster:
    """What the server has, how its controller behaves, and what happened.

    Attributes:
        start_ticks: ticks until a new pod answers.
        lag_ticks: ticks until the controller sees a change.
        route_ticks: ticks until the gateway follows a route.
        end_ticks: ticks until KServe lets a deleted service go.
        broken: arms that never become ready, with the last words of their containers.
        gateway: whether routes are written.
        away: whether the controller sees to nothing.
        faults: (method, fault) pairs; each spoils the next request of a method.
        moments: the cluster after each tick.
        requests: all requests: method and path.
    """

    start_ticks: int = 2
    lag_ticks: int = 1
    route_ticks: int = 2
    end_ticks: int = 2
    broken: dict[str, str] = field(default_factory=dict)
    gateway: bool = True
    away: bool = False
    headless: bool = False
    faults: list[tuple[str, str]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    services: dict[str, Json] = field(default_factory=dict)
    states: dict[str, Json] = field(default_factory=dict)
    mirrors: dict[str, Json] = field(default_factory=dict)  # HTTPRoutes that are not KServe's
    takes_mirrors: bool = True  # whether the gateway takes them
    version: int = 100
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _controller: Controller | None = None
    _ends: int = 0

    @property
    def pods(self) -> dict[str, list[int]]:
        """Ticks at which the pods of each arm were started."""
        found = self._controller.deployments if self._controller else {}
        return {arm: list(deployment.born) for arm, deployment in found.items()}

    @property
    def restarts(self) -> int:
        """How often all pods of an arm were replaced."""
        found = self._controller.deployments if self._controller else {}
        return sum(deployment.restarts for deployment in found.values())

    @property
    def split(self) -> dict[str, int]:
        """Percentages of the clients' requests, as the gateway splits them by now."""
        routes = list(self._controller.routes.values()) if self._controller else []
        traffic = routes[0].traffic if routes else {}
        total = sum(traffic.values()) or 1
        return {arm: round(100 * w / total) for arm, w in traffic.items() if w}

    def answer(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        path, _, query = path.partition("?")
        with self.lock:
            self.requests.append((method, path))
            if path.startswith(ISVC):
                return self._inference_service(method, path.removeprefix(ISVC).strip("/"), body)
            if path.startswith(STATE):
                return self._config_map(method, path.removeprefix(STATE).strip("/"), body)
            if path.startswith(ROUTE):
                return self._http_route(method, path.removeprefix(ROUTE).strip("/"), body)
            if path == POD:
                return self._listed_pods(parse_qs(query)["labelSelector"][0])
            return self._service(path.removeprefix(SERVICE).strip("/"))

    def _inference_service(self, method: str, name: str, body: Json | None) -> tuple[int, Json]:
        found = self.services.get(name)
        if method == "POST":
            assert body is not None
            if body["metadata"]["name"] in self.services:
                return refusal(409, "AlreadyExists")
            return self._store(201, body, None)
        if found is None:
            return refusal(404, f"inferenceservices {name!r} not found")
        if method == "GET":
            self._pass_time(name, found)
            return (200, found) if name in self.services else refusal(404, "not found")
        if method == "DELETE":
            found["metadata"].setdefault("deletionTimestamp", "2026-03-01T12:00:00Z")
            if not self.end_ticks:
                self._end(name, found)
            return 200, found
        assert body is not None
        if _version(body) != _version(found):
            return refusal(409, "the object has been modified")
        return self._store(200, merge(found, body), found)

    def _store(self, status: int, body: Json, before: Json | None) -> tuple[int, Json]:
        try:
            check_model("V1beta1InferenceServiceSpec", body["spec"], "spec")
        except AssertionError as error:
            return refusal(422, str(error))
        try:
            check_webhook(body, before)
        except AssertionError as error:
            return refusal(403, f"{WEBHOOK}: {error}")
        generation = before["metadata"]["generation"] if before else 0
        changed = before is None or before["spec"] != body["spec"]
        metadata = {"uid": f"uid-{self.version}", **body["metadata"], "namespace": NAMESPACE}
        metadata["generation"] = generation + changed
        self.version += 1
        stored = body | {"metadata": metadata | {"resourceVersion": str(self.version)}}
        # What KServe's webhook fills in.
        stored["metadata"]["annotations"].setdefault("modelFormat", "matops")
        stored["spec"]["predictor"]["model"].setdefault("resources", {})
        self.services[metadata["name"]] = stored
        return status, stored

    def _config_map(self, method: str, name: str, body: Json | None) -> tuple[int, Json]:
        found = self.states.get(name)
        if method == "POST":
            assert body is not None
            if body["metadata"]["name"] in self.states:
                return refusal(409, "AlreadyExists")
            return self._keep(201, body)
        if found is None:
            return refusal(404, f"configmaps {name!r} not found")
        if method == "DELETE":
            return 200, self.states.pop(name)
        if method == "PATCH" and body is not None:
            if _version(body) != _version(found):
                return refusal(409, "the object has been modified")
            return self._keep(200, merge(found, body))
        return 200, found

    def _keep(self, status: int, body: Json) -> tuple[int, Json]:
        check_model("V1ConfigMap", body, "configmap")
        self.version += 1
        metadata = body["metadata"] | {"resourceVersion": str(self.version)}
        self.states[metadata["name"]] = body | {"metadata": metadata}
        return status, self.states[metadata["name"]]

    def _pass_time(self, name: str, service: Json) -> None:
        """One tick of the controller, the gateway and who collects garbage."""
        if "deletionTimestamp" in service["metadata"]:
            self._end(name, service)
            return
        if self.away:
            return
        if self._controller is None:
            ticks = self.start_ticks, self.lag_ticks, self.route_ticks
            self._controller = Controller(*ticks, self.broken, self.gateway)
        status = self._controller.pass_time(service)
        if status and service.get("status") != status:
            self.version += 1
            service["status"] = status
            service["metadata"]["resourceVersion"] = str(self.version)
        shares = {e["predictor"]["name"]: e["trafficPercent"] for e in service["spec"]["canary"]}
        here = {arm for arm in self.pods if self._controller.answers(arm)}
        stable = service["spec"]["predictor"]["name"]
        self.moments.append(Moment(stable, shares, self.split, here, self.pods, self._copies()))

    def _copies(self) -> tuple[str, str] | None:
        """Arms that our own route names."""
        for route in self.mirrors.values():
            [rule] = route["spec"]["rules"]
            [backend] = rule["backendRefs"]
            copied = rule["filters"][-1]["requestMirror"]["backendRef"]
            named = (entry["name"].removesuffix("-predictor") for entry in (backend, copied))
            answering, candidate = ("-".join(name.split("-")[-2:]) for name in named)
            return answering, candidate
        return None

    def _end(self, name: str, service: Json) -> None:
        """A service that is deleted is gone once its pods are, and what it owns with it."""
        self._ends += 1
        if self._ends < self.end_ticks:
            return
        uid, self._ends, self._controller = service["metadata"]["uid"], 0, None
        del self.services[name]
        for state, item in list(self.states.items()):
            if any(o["uid"] == uid for o in item["metadata"].get("ownerReferences", [])):
                del self.states[state]
        self.mirrors.clear()

    def _http_route(self, method: str, name: str, body: Json | None) -> tuple[int, Json]:
        if method == "POST":
            assert body is not None
            return self._take_mirror(201, body, 1)
        if found := self.mirrors.get(name):
            if method == "DELETE":
                return 200, self.mirrors.pop(name)
            if method == "PATCH" and body is not None:
                generation = found["metadata"]["generation"] + 1
                return self._take_mirror(200, merge(found, body), generation)
            return 200, found
        route = self._controller.http_route(name) if self._controller else None
        return (200, route) if route else refusal(404, f"httproutes {name!r} not found")

    def _take_mirror(self, status: int, body: Json, generation: int) -> tuple[int, Json]:
        """Keep a route of ours, and let the gateway take it."""
        self.version += 1
        kept = {"generation": generation, "resourceVersion": str(self.version)}
        taken = "True" if self.takes_mirrors else "False"
        accepted = {"type": "Accepted", "status": taken, "observedGeneration": generation}
        told = {"parents": [{"conditions": [accepted]}]}
        self.mirrors[body["metadata"]["name"]] = body | {
            "metadata": body["metadata"] | kept,
            "status": told,
        }
        return status, self.mirrors[body["metadata"]["name"]]

    def _listed_pods(self, selector: str) -> tuple[int, Json]:
        arms = [
            arm
            for arm in self.pods
            if selector in {f"app=isvc.{name}-{arm}-predictor" for name in self.services}
        ]
        return 200, {"items": [_crashing(self.broken[arm]) for arm in arms if arm in self.broken]}

    def _service(self, name: str) -> tuple[int, Json]:
        known = {f"{service}-{arm}-predictor" for service in self.services for arm in self.pods}
        if name not in known:
            return refusal(404, f"services {name!r} not found")
        address = "None" if self.headless else "10.0.0.7"
        spec = {"clusterIP": address, "ports": [{"port": 80, "targetPort": 8080}]}
        return 200, {"metadata": {"name": name}, "spec": spec}


def _crashing(last_words: str) -> Json:
    """A pod whose container ends again and again, as Kubernetes tells it."""
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    container = {
        "name": "kserve-container",
        "ready": False,
        "state": {"waiting": waiting},
        "lastState": {
            "terminated": {"exitCode": 2, "reason": "Error", "message": f"{last_words}\n"}
        },
    }
    return {"status": {"phase": "Running", "containerStatuses": [container]}}


def _version(item: Json) -> Any:
    return item.get("metadata", {}).get("resourceVersion")
