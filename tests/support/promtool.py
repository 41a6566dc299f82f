"""Prometheus' own tool on rules: it parses, evaluates in simulated time, and compares."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.places import REPOSITORY

MONITORING = REPOSITORY / "manifests" / "monitoring"
RULES = sorted(MONITORING.glob("*-rules.yaml"))


def promtool(*arguments: str) -> None:
    """Run it, and fail with what it says."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def expect(
    tmp_path: Path, series: dict[str, str], expression: str, after: str, value: float
) -> None:
    """Fail unless an expression without labels has a value some time after the series began.

    Args:
        tmp_path: where the test is written.
        series: values a minute in promtool's notation, by series.
        expression: PromQL.
        after: time since the first value, as in ``10m``.
        value: what is expected.
    """
    sample = {"labels": "{}", "value": value}
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": after, "exp_samples": [sample]}],
    }
    content = {"rule_files": list(map(str, RULES)), "evaluation_interval": "1m", "tests": [test]}
    # JSON is YAML.
    (tmp_path / "test.yaml").write_text(json.dumps(content))
    promtool("test", "rules", str(tmp_path / "test.yaml"))
