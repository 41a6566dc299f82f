"""Grafana's dashboard: as generated, of valid queries on metrics that servers have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field

from devtools.dashboard import TARGET, dashboard, text
from matops.adapters.prometheus.serving_metrics import Identity, ServingMetrics
from matops.families import get_family
from tests.support.promtool import MONITORING, RULES, promtool

METRIC = re.compile(r"\bmatops[_:][a-z0-9_:]+")
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}


class Strict(BaseModel):
    """No field but those named, as Grafana would silently drop a misspelt one."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Source(Strict):
    type: Literal["prometheus"]
    uid: str


class Place(Strict):
    x: int = Field(ge=0, le=23)
    y: int = Field(ge=0)
    w: int = Field(ge=1, le=24)
    h: int = Field(ge=1)


class Query(Strict):
    refId: str = Field(pattern="^[A-Z]$")
    expr: str = Field(min_length=1)
    legendFormat: str
    format: Literal["time_series", "table", "heatmap"]
    instant: bool


class Picture(Strict):
    id: int
    title: str = Field(min_length=1)
    description: str
    type: Literal["timeseries", "table", "stat"]
    datasource: Source
    gridPos: Place
    fieldConfig: dict[Literal["defaults", "overrides"], Any]
    targets: list[Query] = Field(min_length=1)


class Row(Strict):
    id: int
    title: str = Field(min_length=1)
    type: Literal["row"]
    gridPos: Place
    panels: list[Picture]


class Variable(Strict):
    name: str
    type: Literal["datasource", "query"]
    query: str
    datasource: Source | None = None
    refresh: int = 0
    sort: int = 0
    multi: bool = False
    includeAll: bool = False


class Dashboard(Strict):
    """The fields of Grafana's dashboard model that are used here, with their types."""

    uid: str = Field(max_length=40)
    title: str
    tags: list[str]
    schemaVersion: int = Field(ge=36)
    refresh: str
    time: dict[Literal["from", "to"], str]
    templating: dict[Literal["list"], list[Variable]]
    panels: list[Row | Picture]


def panels() -> Iterator[dict[str, Any]]:
    yield from (panel for panel in dashboard()["panels"] if panel["type"] != "row")


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def rules() -> list[dict[str, Any]]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def served_metrics() -> set[str]:
    """Names of all series that a server of any family has."""
    registry = CollectorRegistry()
    identity = Identity("elastic_cgcnn", "m8", "local")
    family = get_family("elastic_cgcnn")
    served = ServingMetrics(identity, family.targets, family.descriptor_names, registry)
    served.tell_model("d4", {"mae_K": True})
    return {m.name + suffix for m in registry.collect() for suffix in SUFFIXES[m.type]}


def test_the_file_is_what_the_generator_writes() -> None:
    assert TARGET.read_text() == text()


def test_the_file_has_the_fields_that_grafana_reads() -> None:
    read = Dashboard.model_validate_json(TARGET.read_text())
    assert {type(panel) for panel in read.panels} == {Row, Picture}


def test_panels_do_not_overlap_and_have_names_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken
        taken |= cells
    ids = [panel["id"] for panel in dashboard()["panels"]]
    titles = [panel["title"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)


def test_each_panel_explains_itself_and_has_a_unit() -> None:
    for panel in panels():
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]


def test_variables_that_queries_use_are_defined() -> None:
    known = {variable["name"] for variable in dashboard()["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", text())) - {"__rate_interval"}
    assert used <= known


@pytest.mark.live
def test_prometheus_parses_each_query(tmp_path: Path) -> None:
    derived = [
        {"record": f"panel:query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries())
    ]
    content = {"groups": [{"name": "dashboard", "rules": derived}]}
    (tmp_path / "derived-rules.yaml").write_text(json.dumps(content))
    promtool("check", "rules", str(tmp_path / "derived-rules.yaml"))


def test_recorded_metrics_that_are_asked_for_are_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = {
        name
        for query in (*queries(), *(rule["expr"] for rule in rules()))
        for name in METRIC.findall(query)
        if ":" in name
    }
    assert asked == recorded


def test_metrics_that_are_asked_for_are_served() -> None:
    served = served_metrics()
    for query in (*queries(), *(rule["expr"] for rule in rules())):
        for name in METRIC.findall(query):
            assert ":" in name or name in served, query


def test_kustomize_packs_rules_and_dashboard_unchanged() -> None:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed")
    built = subprocess.run([program, "kustomize", str(MONITORING)], capture_output=True, check=True)
    maps = {made["metadata"]["name"]: made for made in yaml.safe_load_all(built.stdout)}
    assert maps["matops-dashboard"]["data"]["dashboard.json"] == text()
    assert maps["matops-dashboard"]["metadata"]["labels"] == {"grafana_dashboard": "1"}
    packed = maps["matops-prometheus-rules"]["data"]
    assert packed == {path.name: path.read_text() for path in RULES}


def test_every_file_of_the_folder_is_used() -> None:
    made = yaml.safe_load((MONITORING / "kustomization.yaml").read_text())["configMapGenerator"]
    packed = {name for generator in made for name in generator["files"]}
    files = {path.name for path in MONITORING.iterdir()}
    assert files == packed | {"kustomization.yaml", "prometheus.yaml"}
