"""A local HTTP server that behaves like a Kubernetes API server with KServe 0.21's controller.

It holds one namespace's InferenceServices, HTTPRoutes and Services. Writes are checked against the
models that KServe publishes (unknown fields are refused) and against the rules of its webhook;
they raise ``resourceVersion``, and ``generation`` where the spec changed. The controller is as
unkind as it may be: pods of arms that are no longer named end at once, before the route is
written anew. Time passes by one tick with each look at an InferenceService. It is not a cluster.

tests/adapters/kubernetes/test_kubernetes_objects.py runs the same cases on this server and on a
real API server: reading, creating twice, generations, stale writes, merge patches, wrong types,
deletion. What the controller does runs here alone; that a release may write with its accounts'
rights runs on the real one alone (tests/manifests/test_api_server_live.py).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar

import kserve.models
import kubernetes.client.models

Json = dict[str, Any]

NAMESPACE = "models"
ISVC = f"/apis/serving.kserve.io/v1beta1/namespaces/{NAMESPACE}/inferenceservices"
ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes"
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services"


def check_model(kind: str, value: Any, where: str) -> None:
    """Raise for fields that a published model does not have, or has in another type."""
    if kind == "object":  # a number or a text, as a port is
        assert isinstance(value, int | str), f"{where}: neither a number nor a text"
    elif nested := re.fullmatch(r"list\[(.+)\]", kind):
        assert isinstance(value, list), f"{where}: not a list"
        for number, item in enumerate(value):
            check_model(nested[1], item, f"{where}[{number}]")
    elif nested := re.fullmatch(r"dict\(str, (.+)\)", kind):
        assert isinstance(value, dict), f"{where}: not an object"
        for name, item in value.items():
            check_model(nested[1], item, f"{where}.{name}")
    # A KnativeURL is written as text, whatever its published fields are.
    elif plain := {"str": str, "int": int, "bool": bool, "KnativeURL": str}.get(kind):
        assert type(value) is plain, f"{where}: not of type {kind}"
    else:
        _check_fields(kind, value, where)


def _check_fields(kind: str, value: Any, where: str) -> None:
    model = getattr(kserve.models, kind, None) or getattr(kubernetes.client.models, kind)
    types = {model.attribute_map[name]: of for name, of in model.openapi_types.items()}
    for name, item in value.items():
        assert name in types, f"{where}: strict decoding error: unknown field {name!r}"
        check_model(types[name], item, f"{where}.{name}")


def check_webhook(body: Json) -> None:
    """The rules of KServe's webhook for canaries."""
    annotations = body["metadata"]["annotations"]
    assert annotations["serving.kserve.io/deploymentMode"] == "Standard"
    assert annotations["serving.kserve.io/autoscalerClass"] == "none"
    stable, canaries = body["spec"]["predictor"], body["spec"].get("canary") or []
    assert "canaryTrafficPercent" not in stable, "canaryTrafficPercent is not for Standard mode"
    names = [stable["name"], *(entry["predictor"]["name"] for entry in canaries)]
    assert len(set(names)) == len(names), "names of predictors must be unique"
    shares = [entry["trafficPercent"] for entry in canaries]
    assert all(0 <= share <= 100 for share in shares)
    assert sum(shares) <= 100, "percentages add up to more than 100"
    for name in names:
        assert len(f"{body['metadata']['name']}-{name}-predictor") <= 63


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
    """What the cluster was at one tick: stable arm, route and pods that answer."""

    stable: str
    canaries: dict[str, int]
    weights: dict[str, int]
    answering: set[str]


@dataclass
class Cluster:
    """What the server has, how its controller behaves, and what happened.

    Attributes:
        start_ticks: ticks until a new arm's pods answer.
        route_ticks: ticks until the route follows the spec.
        broken: arms that never become ready, with the failure that KServe tells.
        gateway: whether routes are written.
        away: whether the controller sees to nothing.
        faults: (method, fault) pairs; each spoils the next request of a method.
        moments: the cluster after each tick.
        requests: all requests: method and path.
    """

    start_ticks: int = 2
    route_ticks: int = 2
    broken: dict[str, str] = field(default_factory=dict)
    gateway: bool = True
    away: bool = False
    headless: bool = False
    faults: list[tuple[str, str]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    services: dict[str, Json] = field(default_factory=dict)
    pods: dict[str, int] = field(default_factory=dict)
    route: dict[str, int] = field(default_factory=dict)
    tick: int = 0
    version: int = 100
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _due: list[tuple[int, dict[str, int]]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        with self.lock:
            self.requests.append((method, path))
            if path.startswith(ISVC):
                return self._inference_service(method, path.removeprefix(ISVC).strip("/"), body)
            if path.startswith(ROUTE):
                return self._http_route(path.removeprefix(ROUTE).strip("/"))
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
            self._pass_time(found)
            return 200, found
        if method == "DELETE":
            del self.services[name]
            self.pods, self.route, self._due = {}, {}, []
            return 200, {"kind": "Status", "status": "Success"}
        assert body is not None
        seen = body.get("metadata", {}).get("resourceVersion")
        if seen != found["metadata"]["resourceVersion"]:
            return refusal(409, "the object has been modified")
        return self._store(200, merge(found, body), found)

    def _store(self, status: int, body: Json, before: Json | None) -> tuple[int, Json]:
        try:
            check_model("V1beta1InferenceServiceSpec", body["spec"], "spec")
            check_webhook(body)
        except AssertionError as error:
            return refusal(422, str(error))
        generation = before["metadata"]["generation"] if before else 0
        changed = before is None or before["spec"] != body["spec"]
        metadata = body["metadata"] | {"generation": generation + changed, "namespace": NAMESPACE}
        self.version += 1
        stored = body | {"metadata": metadata | {"resourceVersion": str(self.version)}}
        # What KServe's webhook fills in.
        stored["spec"]["predictor"]["model"].setdefault("protocolVersion", "v1")
        self.services[metadata["name"]] = stored
        return status, stored

    def _pass_time(self, service: Json) -> None:
        """One tick of the controller."""
        if self.away:
            return
        self.tick += 1
        spec = service["spec"]
        shares = {e["predictor"]["name"]: e["trafficPercent"] for e in spec.get("canary") or []}
        stable = spec["predictor"]["name"]
        self.pods = {arm: self.pods.get(arm, self.tick) for arm in (stable, *shares)}
        wanted = {stable: 100 - sum(shares.values())} | shares
        if not self._due or self._due[-1][1] != wanted:
            self._due.append((self.tick + self.route_ticks, wanted))
        self.route = next((w for at, w in reversed(self._due) if at <= self.tick), {})
        self._tell_status(service, stable, shares)
        here = {arm for arm in self.pods if self._answers(arm)}
        self.moments.append(Moment(stable, shares, dict(self.route), here))

    def _answers(self, arm: str) -> bool:
        return arm not in self.broken and self.tick >= self.pods[arm] + self.start_ticks

    def _tell_status(self, service: Json, stable: str, shares: dict[str, int]) -> None:
        ready = "True" if self._answers(stable) else "False"
        told = [
            {"name": arm, "ready": self._answers(arm), "trafficPercent": share} | self._failure(arm)
            for arm, share in shares.items()
        ]
        conditions = [{"type": "PredictorReady", "status": ready, "reason": "MinimumReplicas"}]
        status = {
            "observedGeneration": service["metadata"]["generation"],
            "url": f"http://{service['metadata']['name']}-{NAMESPACE}.example.com",
            "conditions": conditions,
            "canaryStatuses": told,
            **self._failure(stable),
        }
        check_model("V1beta1InferenceServiceStatus", {**status, "conditions": []}, "status")
        if service.get("status") != status:
            self.version += 1
            service["status"] = status
            service["metadata"]["resourceVersion"] = str(self.version)

    def _failure(self, arm: str) -> Json:
        if arm not in self.broken:
            return {}
        return {"modelStatus": {"lastFailureInfo": {"message": self.broken[arm]}}}

    def _http_route(self, name: str) -> tuple[int, Json]:
        service = name.removesuffix("-predictor")
        if not self.gateway or service not in self.services or not self.route:
            return refusal(404, f"httproutes {name!r} not found")
        backends = [
            {"name": f"{service}-{arm}-predictor", "weight": weight}
            for arm, weight in self.route.items()
        ]
        return 200, {"metadata": {"name": name}, "spec": {"rules": [{"backendRefs": backends}]}}

    def _service(self, name: str) -> tuple[int, Json]:
        known = {f"{service}-{arm}-predictor" for service in self.services for arm in self.pods}
        if name not in known:
            return refusal(404, f"services {name!r} not found")
        address = "None" if self.headless else "10.0.0.7"
        spec = {"clusterIP": address, "ports": [{"port": 80, "targetPort": 8080}]}
        return 200, {"metadata": {"name": name}, "spec": spec}


def refusal(status: int, message: str) -> tuple[int, Json]:
    return status, {"kind": "Status", "status": "Failure", "message": message, "code": status}


class Answering(Protocol):
    """A cluster as the server asks it."""

    url: str
    faults: list[tuple[str, str]]

    def answer(self, method: str, path: str, body: Json | None) -> tuple[int, Json]: ...


AnyCluster = TypeVar("AnyCluster", bound=Answering)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    cluster: Answering

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        fault = next((f for m, f in self.cluster.faults if m == self.command), "")
        if fault:
            self.cluster.faults.remove((self.command, fault))
        if fault == "silence":
            time.sleep(1.5)
            return
        if fault.isdigit():
            self._send(*refusal(int(fault), "the server is overloaded"))
            return
        if self.command == "PATCH":
            assert self.headers["content-type"] == "application/merge-patch+json"
        answer = self.cluster.answer(self.command, self.path.split("?")[0], body)
        if fault == "lost":  # the write is done, and nobody is told
            self.connection.close()
            return
        self._send(*answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def _send(self, status: int, answer: Json) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running(cluster: AnyCluster) -> Iterator[AnyCluster]:
    """Serve on a free port of this machine."""
    handler = type("BoundHandler", (Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    cluster.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cluster
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
