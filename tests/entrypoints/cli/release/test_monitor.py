"""``matops monitor`` without anything to look at: one line that says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

FAMILY = "elastic_cgcnn"


def test_without_a_prometheus_it_says_how_to_name_one(released: Released, matops: Matops) -> None:
    done = matops(released.workspace, "monitor", FAMILY)
    assert done.status == 2
    assert "MATOPS_PROMETHEUS" in done.err


def test_a_prometheus_that_is_away_is_named(
    released: Released, matops: Matops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_PROMETHEUS", "http://127.0.0.1:9")
    done = matops(released.workspace, "monitor", FAMILY, "--json")
    assert done.status == 2
    assert "http://127.0.0.1:9: Prometheus does not answer" in done.err
    assert done.out == ""


def test_without_a_model_there_is_nothing_to_watch(
    matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_PROMETHEUS", "http://127.0.0.1:9")
    done = matops(tmp_path, "monitor", FAMILY)
    assert done.status == 2
    assert "no model is released yet" in done.err


def test_a_scheduled_job_looks_at_every_released_model(
    released: Released, matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_PROMETHEUS", "http://127.0.0.1:9")
    assert matops(tmp_path, "monitor").status == 0  # there is none
    done = matops(released.workspace, "monitor")
    assert done.status == 2
    assert "Prometheus does not answer" in done.err
