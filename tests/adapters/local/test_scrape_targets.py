"""What Prometheus is told to scrape: its own tool reads it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from matops.adapters.local.scrape_targets import CONFIGURATION, write_configuration, write_targets
from tests.support.promtool import promtool


@pytest.mark.parametrize(("every_s", "written"), [(0.5, "500ms"), (15.0, "15000ms")])
def test_a_pause_may_be_less_than_a_second(tmp_path: Path, every_s: float, written: str) -> None:
    write_configuration(tmp_path, every_s)
    found = json.loads((tmp_path / CONFIGURATION).read_text())
    assert found["global"]["scrape_interval"] == written


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize("every_s", [0.25, 15.0, 90.0])
def test_prometheus_reads_it(tmp_path: Path, every_s: float) -> None:
    write_configuration(tmp_path, every_s)
    write_targets(tmp_path, "elastic_cgcnn", {"m8-1": 8081})
    promtool("check", "config", str(tmp_path / CONFIGURATION))
