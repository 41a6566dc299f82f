"""Grafana's dashboard of the served models, from a table of panels.

    python -m devtools.dashboard

It writes ``manifests/monitoring/dashboard.json``, which Grafana imports as it is.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "manifests" / "monitoring" / "dashboard.json"
SHOWN = '{family="$family",variant=~"$variant"}'
ARM = "{{variant}}"
WIDTH, HEIGHT = 8, 7
"""Of a panel; a row is 24 wide."""


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: what it shows.
        unit: Grafana's name of the unit.
        queries: PromQL by legend.
        words: what a reader should know; shown on hovering.
        kind: Grafana's name of the kind of panel.
        limit: value from which on the background is red; None for no limit.
    """

    title: str
    unit: str
    queries: dict[str, str]
    words: str
    kind: str = "timeseries"
    limit: float | None = None


def _selected(more: str) -> str:
    """The selection of family and arm, narrowed."""
    return f"{SHOWN[:-1]},{more}}}"


def _median(histogram: str, by: str) -> str:
    rate = f"rate({histogram}_bucket{SHOWN}[$__rate_interval])"
    return f"histogram_quantile(0.5, sum by (variant, {by}, le) ({rate}))"


def _mean(histogram: str) -> str:
    total, count = (
        f"sum by (variant) (rate({histogram}_{part}{SHOWN}[$__rate_interval]))"
        for part in ("sum", "count")
    )
    return f"{total} / {count}"


ROWS: dict[str, tuple[Panel, ...]] = {
    "Which models answer": (
        Panel(
            "Models",
            "none",
            {ARM: f"matops_model_info{SHOWN}"},
            "One row for each process: version of the model and of the data that trained it.",
            kind="table",
        ),
        Panel(
            "Gates",
            "bool_yes_no",
            {
                "{{model_version}} {{gate}}": (
                    f"min by (model_version, gate) (matops_gate_passed{SHOWN})"
                )
            },
            "What each gate said when the model was released.",
            kind="stat",
        ),
        Panel(
            "Requests",
            "reqps",
            {f"{ARM} {{{{outcome}}}}": f"matops:requests:rate5m{SHOWN}"},
            "By arm and outcome. An arm's share is set by the release.",
        ),
    ),
    "What users notice": (
        Panel(
            "Failed requests",
            "percentunit",
            {ARM: f"matops:failed:ratio_rate5m{SHOWN}"},
            "Failures and overload over all but bad input, five minutes. At 2 % a candidate falls.",
            limit=0.02,
        ),
        Panel(
            "Latency",
            "s",
            {
                f"{ARM} p50": f"matops:request_seconds:p50_5m{SHOWN}",
                f"{ARM} p95": f"matops:request_seconds:p95_5m{SHOWN}",
            },
            "Interpolated in buckets: a step of a curve may be the edge of a bucket.",
            limit=1.0,
        ),
        Panel(
            "Refused as bad input",
            "reqps",
            {ARM: "matops:requests:rate5m" + _selected('outcome="bad_input"')},
            "The client's fault; not counted as failures.",
        ),
    ),
    "What is answered": (
        Panel(
            "Predictions",
            "none",
            {f"{ARM} {{{{target}}}} ({{{{unit}}}})": _median("matops_prediction", "target, unit")},
            "Median of each target. Arms of one release should lie on each other.",
        ),
        Panel(
            "Widths of intervals",
            "none",
            {
                f"{ARM} {{{{target}}}} ({{{{unit}}}})": _median(
                    "matops_interval_width", "target, unit"
                )
            },
            "Median. Wider intervals are how a model says that it knows less.",
        ),
        Panel(
            "Samples a pass",
            "none",
            {ARM: _mean("matops_batch_size")},
            "Mean number of samples that one pass through the network answers.",
        ),
    ),
    "What is asked": (
        Panel(
            "Out of domain",
            "percentunit",
            {ARM: f"matops:out_of_domain:ratio_rate1h{SHOWN}"},
            "Share of the samples unlike the training data, one hour; the domain holds 99 % of it.",
            limit=0.1,
        ),
        Panel(
            "Samples",
            "none",
            {ARM: f"matops:samples:increase1h{SHOWN}"},
            "Samples that were answered in the last hour.",
        ),
        Panel(
            "Unseen categories",
            "none",
            {"{{token}}": f"sum by (token) (matops_unseen_total{SHOWN})"},
            "Samples by category, as an element, that the training data lack.",
        ),
    ),
}


def _thresholds(limit: float | None) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if limit is not None:
        steps.append({"color": "red", "value": limit})
    return {"mode": "absolute", "steps": steps}


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    table = panel.kind == "table"
    return {
        "id": number,
        "title": panel.title,
        "description": panel.words,
        "type": panel.kind,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": x, "y": y, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": _thresholds(panel.limit)},
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "expr": query,
                "legendFormat": legend,
                "format": "table" if table else "time_series",
                "instant": table,
            }
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def _panels() -> Iterable[dict[str, Any]]:
    number = y = 0
    for title, panels in ROWS.items():
        number += 1
        place = {"x": 0, "y": y, "w": 24, "h": 1}
        yield {"id": number, "title": title, "type": "row", "gridPos": place, "panels": []}
        for column, panel in enumerate(panels):
            number += 1
            yield _panel(panel, number, column * WIDTH, y + 1)
        y += 1 + HEIGHT


def _label_values(label: str, more: str = "") -> dict[str, Any]:
    """A choice among the values of a label."""
    return {
        "name": label,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": f"label_values(matops_model_info{more}, {label})",
        "refresh": 2,
        "sort": 1,
    }


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    variant = _label_values("variant", '{family="$family"}')
    return {
        "uid": "matops-serving",
        "title": "matops: served models",
        "tags": ["matops"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                _label_values("family"),
                {**variant, "multi": True, "includeAll": True},
            ]
        },
        "panels": list(_panels()),
    }


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
