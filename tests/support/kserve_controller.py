"""What KServe's controller, its webhook and a gateway do with an InferenceService, tick by tick.

They do here what a real controller was seen to do in Standard mode (docs/release.md says which):

- the webhook refuses what it refuses, in words of its own;
- annotations of the service are part of every arm's pods, so that a change of them restarts all;
- canaries are seen to first, then arms that nobody names end, then the stable predictor;
- the pods of ready canaries are taken off the stable predictor's;
- both routes are written at the end, and only while the stable arm answers; canaries that don't
  answer are left out of them;
- of a canary that does not get ready nothing but that is told;
- ``observedGeneration`` is that of the stable arm's Deployment;
- names that are too long stop everything, and the service does not tell.

It is as unkind as it may be: pods that are no longer wanted end at once, while the gateway follows
a route some ticks later.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.support.kserve_models import check_model

Json = dict[str, Any]

NAMESPACE = "models"
ARM = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", "modelFormat"}


def check_webhook(body: Json, before: Json | None = None) -> None:
    """What KServe's schema and webhook refuse; ``before`` is what it changes."""
    stable, canaries = body["spec"]["predictor"], body["spec"].get("canary") or []
    for predictor in (stable, *(entry["predictor"] for entry in canaries)):
        name = predictor.get("name", "a")
        assert ARM.fullmatch(name), f"predictor.name: {name!r} does not match {ARM.pattern}"
    if before and stable.get("name") != before["spec"]["predictor"].get("name"):
        uris = [s["predictor"]["model"]["storageUri"] for s in (body["spec"], before["spec"])]
        assert uris[0] != uris[1], "another predictor.name needs another model"
    if not canaries:
        return
    annotations = body["metadata"]["annotations"]
    assert annotations["serving.kserve.io/deploymentMode"] == "Standard", "canaries need Standard"
    assert "model" in stable, "canaries need a stable predictor with a model"
    names = [stable.get("name", ""), *(entry["predictor"].get("name", "") for entry in canaries)]
    assert len(set(names)) == len(names), "names of predictors must be unique"
    assert all(names[1:]), "a canary needs a name"
    for entry in canaries:
        _check_canary(entry, stable.get("minReplicas", 1))
    shares = [entry["trafficPercent"] for entry in canaries]
    assert sum(shares) <= 100, "percentages add up to more than 100"


def _check_canary(entry: Json, stable_replicas: int) -> None:
    predictor = entry["predictor"]
    for name in ("maxReplicas", "scaleTarget", "scaleMetric", "autoScaling"):
        assert not predictor.get(name), f"a canary must not set {name}"
    replicas = predictor.get("minReplicas", 0)
    assert replicas <= stable_replicas, "minReplicas of a canary exceed the stable predictor's"
    assert 0 <= entry["trafficPercent"] <= 100, "trafficPercent is not between 0 and 100"


@dataclass
class Deployment:
    """An arm's pods."""

    template: str
    replicas: int
    born: list[int]  # tick at which each pod was started
    generation: int = 1
    restarts: int = 0

    def update(self, template: str, replicas: int, tick: int) -> None:
        """A new template restarts all pods; Kubernetes ends the youngest of too many."""
        if (template, replicas) == (self.template, self.replicas):
            return
        if template != self.template:
            self.restarts, self.born = self.restarts + 1, []
        added = [tick] * (replicas - len(self.born))
        self.born = sorted([*self.born, *added])[:replicas]
        self.template, self.replicas, self.generation = template, replicas, self.generation + 1


@dataclass
class Route:
    """An HTTPRoute, and what the gateway has made of it so far."""

    weights: dict[str, int]
    generation: int = 1
    written: int = 0  # tick
    taken: int = 0  # generation that the gateway knows
    traffic: dict[str, int] = field(default_factory=dict)


@dataclass
class Controller:
    """One InferenceService under KServe.

    Attributes:
        start_ticks: ticks until a new pod answers.
        lag_ticks: ticks until the controller sees a change.
        route_ticks: ticks until the gateway follows a route.
        broken: arms that never become ready, with the failure that KServe tells of a stable one.
        gateway: whether routes are written.
    """

    start_ticks: int
    lag_ticks: int
    route_ticks: int
    broken: dict[str, str]
    gateway: bool
    tick: int = 0
    deployments: dict[str, Deployment] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    seen: list[tuple[int, int, Json]] = field(default_factory=list)  # tick, generation, service

    def pass_time(self, service: Json) -> Json | None:
        """One tick; the status that the controller writes, if it writes one."""
        self.tick += 1
        generation = service["metadata"]["generation"]
        if not self.seen or self.seen[-1][1] != generation:
            self.seen.append((self.tick, generation, deepcopy(service)))
        due = [s for at, _, s in self.seen if self.tick >= at + self.lag_ticks]
        status = self._reconcile(due[-1]) if due else None
        for route in self.routes.values():
            if self.tick >= route.written + self.route_ticks:
                route.taken, route.traffic = route.generation, dict(route.weights)
        return status

    def answers(self, arm: str) -> bool:
        """Whether one of its pods does."""
        pods = self.deployments.get(arm)
        return (
            arm not in self.broken
            and pods is not None
            and any(self.tick >= born + self.start_ticks for born in pods.born)
        )

    def _reconcile(self, service: Json) -> Json | None:
        name, spec = service["metadata"]["name"], service["spec"]
        stable, canaries = spec["predictor"], spec.get("canary") or []
        names = [stable["name"], *(entry["predictor"]["name"] for entry in canaries)]
        if any(len(f"{name}-{arm}-predictor-{NAMESPACE}") > 63 for arm in names):
            return None  # told by an event only
        ready = {entry["predictor"]["name"] for entry in canaries}
        for entry in canaries:
            predictor = entry["predictor"]
            self._deploy(service, predictor, predictor["minReplicas"])
        ready = {arm for arm in ready if self.answers(arm)}
        self.deployments = {arm: d for arm, d in self.deployments.items() if arm in names}
        taken = sum(
            e["predictor"]["minReplicas"] for e in canaries if e["predictor"]["name"] in ready
        )
        wanted = stable.get("minReplicas", 1)
        self._deploy(service, stable, max(wanted - taken, 1) if taken else wanted)
        if self.answers(stable["name"]) and self.gateway:
            self._write_routes(name, stable["name"], canaries, ready)
        return self._status(service, stable["name"], canaries, ready)

    def _deploy(self, service: Json, predictor: Json, replicas: int) -> None:
        annotations = service["metadata"].get("annotations", {})
        copied = {name: text for name, text in annotations.items() if name not in NOT_COPIED}
        model = {name: predictor["model"][name] for name in ("storageUri", "args")}
        pod = [copied, model, predictor.get("terminationGracePeriodSeconds")]
        template, arm = json.dumps(pod, sort_keys=True), predictor["name"]
        if arm in self.deployments:
            self.deployments[arm].update(template, replicas, self.tick)
        else:
            self.deployments[arm] = Deployment(template, replicas, [self.tick] * replicas)

    def _write_routes(self, name: str, stable: str, canaries: list[Json], ready: set[str]) -> None:
        shares = {e["predictor"]["name"]: e["trafficPercent"] for e in canaries}
        shares = {arm: share for arm, share in shares.items() if arm in ready}
        weights = {stable: 100 - sum(shares.values()), **shares} if canaries else {stable: 1}
        for route in (name, f"{name}-predictor"):
            if route not in self.routes:
                self.routes[route] = Route(weights, written=self.tick)
            elif self.routes[route].weights != weights:
                found = self.routes[route]
                found.weights, found.written = weights, self.tick
                found.generation += 1

    def _status(self, service: Json, stable: str, canaries: list[Json], ready: set[str]) -> Json:
        name = service["metadata"]["name"]
        answers = "True" if self.answers(stable) else "False"
        reason = (
            "MinimumReplicasAvailable" if self.answers(stable) else "MinimumReplicasUnavailable"
        )
        told = [
            {
                "name": e["predictor"]["name"],
                "ready": e["predictor"]["name"] in ready,
                "trafficPercent": e["trafficPercent"],
                "modelStatus": {"transitionStatus": ""},
            }
            for e in canaries
        ]
        status = {
            "observedGeneration": self.deployments[stable].generation,
            "url": f"http://{name}-{NAMESPACE}.example.com" if self.routes else None,
            "conditions": [{"type": "PredictorReady", "status": answers, "reason": reason}],
            "canaryStatuses": told,
            "modelStatus": {"transitionStatus": "UpToDate", **self._failure(stable)},
        }
        found = {name: value for name, value in status.items() if value}
        check_model("V1beta1InferenceServiceStatus", {**found, "conditions": []}, "status")
        return found

    def _failure(self, arm: str) -> Json:
        return {"lastFailureInfo": {"message": self.broken[arm]}} if arm in self.broken else {}

    def http_route(self, name: str) -> Json | None:
        """An HTTPRoute as the API tells it."""
        route = self.routes.get(name)
        if route is None:
            return None
        service = name.removesuffix("-predictor")
        backends = [
            {"name": f"{service}-{arm}-predictor", "port": 80, "weight": weight}
            for arm, weight in route.weights.items()
        ]
        accepted = {"type": "Accepted", "status": "True", "observedGeneration": route.taken}
        return {
            "metadata": {"name": name, "generation": route.generation},
            "spec": {
                "parentRefs": [{"name": "kserve-ingress-gateway", "namespace": "kserve"}],
                "hostnames": [f"{name}-{NAMESPACE}.example.com"],
                "rules": [
                    {
                        "matches": [{"path": {"type": "RegularExpression", "value": "^/.*$"}}],
                        "backendRefs": backends,
                    }
                ],
            },
            "status": {"parents": [{"conditions": [accepted]}] if route.taken else []},
        }
