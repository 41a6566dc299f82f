"""Rules of Prometheus: both sides of each alert's limit, in simulated time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promtool import MONITORING, RULES, expect, promtool

live = pytest.mark.live
REPOSITORY = MONITORING.parents[1]
ARM = 'family="f",model_version="m8",variant="m8-2"'
INFO = f"matops_model_info{{{ARM}}}"
OLD_INFO = 'matops_model_info{family="f",model_version="m7",variant="m7-1"}'
SAMPLES, OUTSIDE = f"matops_samples_total{{{ARM}}}", f"matops_out_of_domain_total{{{ARM}}}"
UNSEEN = f'matops_unseen_total{{{ARM},token="Og"}}'
GATE = f'matops_gate_passed{{{ARM},gate="mae_K"}}'


def alerts() -> list[dict[str, Any]]:
    rules = yaml.safe_load((MONITORING / "alerting-rules.yaml").read_text())
    return [rule for group in rules["groups"] for rule in group["rules"]]


def requests(minutes: int = 420, **per_minute: float) -> dict[str, str]:
    """Counters by outcome that grow evenly."""
    counts = {"ok": 0.0, "error": 0.0, "overloaded": 0.0, "bad_input": 0.0, **per_minute}
    return {
        f'matops_requests_total{{{ARM},outcome="{outcome}"}}': f"0+{count}x{minutes}"
        for outcome, count in counts.items()
    }


def within_a_second(share: float) -> dict[str, str]:
    """Latencies of which a share is at most a second."""
    growth = {"1.0": 1000 * share, "2.0": 1000, "+Inf": 1000}
    return {
        f'matops_request_seconds_bucket{{{ARM},le="{le}"}}': f"0+{count}x60"
        for le, count in growth.items()
    }


def strange(samples: float, share: float) -> dict[str, str]:
    return {SAMPLES: f"0+{samples}x120", OUTSIDE: f"0+{samples * share}x120"}


RECOVERED = {
    **requests(ok=985),
    f'matops_requests_total{{{ARM},outcome="error"}}': "0+15x55 825+0x60",
}
BOTH = {INFO: "1x400", OLD_INFO: "1x400"}


@live
@pytest.mark.parametrize(
    ("alert", "series", "after", "firing"),
    [
        ("MatopsDown", {INFO: "1x60"}, "60m", False),
        ("MatopsDown", {INFO: "1x5 stale"}, "6m", False),
        ("MatopsDown", {INFO: "1x5 stale"}, "8m", True),
        ("MatopsDown", {INFO: "1x5 stale"}, "600m", True),
        ("MatopsDown", {INFO: "1x5 stale", OLD_INFO: "1x60"}, "8m", False),
        ("MatopsFailsFast", requests(ok=986, error=14), "90m", False),
        ("MatopsFailsFast", requests(ok=985, error=15), "90m", True),
        ("MatopsFailsFast", requests(ok=985, overloaded=15), "90m", True),
        ("MatopsFailsFast", requests(ok=985, bad_input=15), "90m", False),
        ("MatopsFailsFast", requests(ok=600, error=8, bad_input=400), "90m", False),
        ("MatopsFailsFast", requests(ok=600, error=9, bad_input=400), "90m", True),
        ("MatopsFailsFast", RECOVERED, "54m", True),
        ("MatopsFailsFast", RECOVERED, "62m", False),
        ("MatopsFailsSlowly", requests(ok=994.5, error=5.5), "400m", False),
        ("MatopsFailsSlowly", requests(ok=993.5, error=6.5), "400m", True),
        ("MatopsOverloaded", requests(ok=991, overloaded=9), "60m", False),
        ("MatopsOverloaded", requests(ok=989, overloaded=11), "60m", True),
        ("MatopsOverloaded", requests(ok=989, overloaded=11), "9m", False),
        ("MatopsSlow", within_a_second(0.96), "30m", False),
        ("MatopsSlow", within_a_second(0.94), "30m", True),
        ("MatopsSlow", within_a_second(0.94), "9m", False),
        ("MatopsOutOfDomain", strange(4, 0.09), "100m", False),
        ("MatopsOutOfDomain", strange(4, 0.11), "100m", True),
        ("MatopsOutOfDomain", strange(3, 0.11), "100m", False),
        ("MatopsUnseenCategory", {UNSEEN: "_x30 1x200"}, "29m", False),
        ("MatopsUnseenCategory", {UNSEEN: "_x30 1x200"}, "40m", True),
        ("MatopsUnseenCategory", {UNSEEN: "_x30 1x200"}, "100m", False),
        ("MatopsRefusesMost", requests(ok=51, bad_input=49), "60m", False),
        ("MatopsRefusesMost", requests(ok=49, bad_input=51), "60m", True),
        ("MatopsRefusesMost", requests(ok=49, bad_input=51), "29m", False),
        ("MatopsGateFailed", {GATE: "1x10"}, "5m", False),
        ("MatopsGateFailed", {GATE: "0x10"}, "5m", True),
        ("MatopsReleaseStuck", BOTH, "299m", False),
        ("MatopsReleaseStuck", BOTH, "301m", True),
        ("MatopsReleaseStuck", {INFO: "1x400"}, "301m", False),
    ],
)
def test_each_alert_has_two_sides(
    alert: str, series: dict[str, str], after: str, firing: bool, tmp_path: Path
) -> None:
    firing_ones = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    expect(tmp_path, series, firing_ones, after, float(firing))


@live
@pytest.mark.parametrize(
    ("series", "record", "value"),
    [
        (requests(ok=60, error=3, bad_input=40), "matops:failed:ratio_rate5m", 3 / 63),
        (requests(ok=60), 'matops:requests:rate5m{outcome="ok"}', 1.0),
        (within_a_second(0.9), "matops:request_seconds:p95_5m", 1.5),
        (within_a_second(0.9), "matops:request_seconds:p50_5m", 0.5 / 0.9),
        (strange(4, 0.25), "matops:out_of_domain:ratio_rate1h", 0.25),
        (strange(4, 0.25), "matops:samples:increase1h", 240.0),
    ],
)
def test_what_is_recorded(
    series: dict[str, str], record: str, value: float, tmp_path: Path
) -> None:
    expect(tmp_path, series, f"round(sum({record}), 1e-6)", "60m", round(value, 6))


@live
def test_prometheus_reads_the_rules() -> None:
    promtool("check", "rules", *map(str, RULES))


@live
def test_prometheus_reads_its_configuration(tmp_path: Path) -> None:
    configuration = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
    configuration["rule_files"] = [str(MONITORING / n) for n in configuration["rule_files"]]
    # Debian builds its Prometheus without Kubernetes' discovery: only the rest can be checked.
    [job] = configuration["scrape_configs"]
    [discovery] = job.pop("kubernetes_sd_configs")
    assert discovery == {"role": "pod", "namespaces": {"own_namespace": True}}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    promtool("check", "config", str(tmp_path / "prometheus.yml"))


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_each_alert_says_how_bad_what_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert alert["annotations"]["summary"]
    page, section = alert["annotations"]["runbook"].split("#")
    headings = re.findall(r"^#+ (.+)$", (REPOSITORY / page).read_text(), re.MULTILINE)
    assert section == alert["alert"].lower()
    assert section in {heading.lower().replace(" ", "-") for heading in headings}


def test_each_alert_is_tested_on_both_sides() -> None:
    [mark] = [m for m in test_each_alert_has_two_sides.pytestmark if m.name == "parametrize"]
    tested = {(alert, firing) for alert, _, _, firing in mark.args[1]}
    assert tested == {(alert["alert"], side) for alert in alerts() for side in (True, False)}
