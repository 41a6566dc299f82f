"""What releases need of the manifests: rights to their state, and metrics that are found."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from matops.adapters.kubernetes.kserve_mirror import mirror_name
from matops.adapters.kubernetes.kserve_state import state_name
from matops.families import family_names, get_family
from tests.support.kustomize import MANIFESTS, build

Json = dict[str, Any]


def find(kind: str, name: str) -> Json:
    [item] = [i for i in build("base") if (i["kind"], i["metadata"]["name"]) == (kind, name)]
    return item


@pytest.mark.parametrize("role", ["matops-release", "matops-judge"])
def test_who_releases_may_change_the_state_of_every_family(role: str) -> None:
    rules = [r for r in find("Role", role)["rules"] if "patch" in r["verbs"]]
    [rule] = [r for r in rules if r["resources"] == ["configmaps"]]
    assert rule["verbs"] == ["get", "patch"]
    assert set(rule["resourceNames"]) == {state_name(get_family(n)) for n in family_names()}
    [rule] = [r for r in find("Role", role)["rules"] if r["verbs"] == ["patch", "delete"]]
    assert rule["resources"] == ["httproutes"]
    assert set(rule["resourceNames"]) == {mirror_name(get_family(n)) for n in family_names()}


def discovered(pod: Json) -> list[dict[str, str]]:
    """Labels of the targets that Prometheus makes of a pod: one for each port."""
    name = "__meta_kubernetes_pod_label_"
    labels = {name + re.sub(r"\W", "_", k): text for k, text in pod["labels"].items()}
    ports = [port["containerPort"] for c in pod["containers"] for port in c.get("ports", [])]
    return [labels | {"__meta_kubernetes_pod_container_port_number": str(port)} for port in ports]


def test_prometheus_finds_each_server_once() -> None:
    runtime = find("ServingRuntime", "matops")["spec"]
    configuration = yaml.safe_load((MANIFESTS / "monitoring" / "prometheus.yaml").read_text())
    [job] = configuration["scrape_configs"]
    keeps = [r for r in job["relabel_configs"] if r.get("action") == "keep"]
    targets = [
        target
        for target in discovered(runtime)
        if all(re.fullmatch(r["regex"], target.get(r["source_labels"][0], "")) for r in keeps)
    ]
    assert len(targets) == 1
    assert job["honor_labels"]
    annotations = runtime["annotations"]
    assert annotations["prometheus.io/scrape"] == "true"
    assert annotations["prometheus.io/port"] == keeps[-1]["regex"]


def test_routes_tell_grpc_by_the_name_of_its_port() -> None:
    [container] = find("ServingRuntime", "matops")["spec"]["containers"]
    command = container["command"]
    asked = [command[command.index(option) + 1] for option in ("--port", "--grpc-port")]
    names = {str(port["containerPort"]): port["name"] for port in container["ports"]}
    assert [names[port] for port in asked] == ["http1", "h2c"]
