"""The page of live traffic: complete, self-contained, and plain on what nobody measured."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from matops.artifacts.pages.monitor_page import render_observation
from matops.core.data.target import Target
from matops.core.monitoring.drift import EDGES, compare
from matops.core.monitoring.live import LivePoint, LiveTraffic
from matops.core.monitoring.observation import Observation
from matops.core.monitoring.retraining import RetrainingConfig
from matops.core.release.traffic import Buckets

TARGET = Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0)
CARD: Any = SimpleNamespace(
    family="crystals", version="abc123", data=SimpleNamespace(version="d0"), targets=(TARGET,)
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTHING = LiveTraffic("abc123", NOON - timedelta(days=7), NOON)


@pytest.fixture
def found() -> Observation:
    rng = np.random.default_rng(0)
    train, live = (
        {
            name: Buckets.of(rng.normal(at, 1, 400), EDGES)
            for name, at in zip("ab<", places, strict=True)
        }
        for places in ((0, 0, 0), (0, 0, 1.5))
    )
    values = Buckets.of(rng.uniform(50, 200, 400), (1.0, 10.0, 100.0, 1000.0, math.inf))
    history = tuple(LivePoint(NOON + timedelta(hours=i), 10, i) for i in range(4))
    traffic = replace(
        NOTHING,
        outside=60.0,
        descriptors=live,
        predictions={"K_VRH": values},
        outcomes={"ok": 390.0, "bad_input": 9.0, "error": 1.0},
        latency_s=Buckets((0.01, 0.1, math.inf), (300.0, 95.0, 5.0)),
        unseen={"Gd": 3.0},
        history=history,
    )
    return Observation(CARD, traffic, tuple(compare(train, live)), {"K_VRH": values})


def render(found: Observation) -> str:
    return render_observation(found, "Moduli", RetrainingConfig())


def test_the_page_says_all_that_was_measured(found: Observation) -> None:
    page = render(found)
    words = (
        "Moduli", "abc123", "d0", "2026-02-22 12:00 UTC", "400", "15.0%",
        "1 of 3 descriptors drifted", "✗ major shift", "✓ chance", "Gd", "97.50%", "0.25%",
        "failed by the server&#39;s fault", "within 10.0 ms", "after 100 ms",
    )  # fmt: skip
    assert [word for word in words if word not in page] == []
    assert page.count("<svg") == 6


def test_the_page_needs_nothing_else_and_is_the_same_each_time(found: Observation) -> None:
    page = render(found)
    assert page == render(found)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "<th>Descriptor</th>" in page
    assert "<td><</td>" not in page


def test_what_nobody_measured_is_said(found: Observation) -> None:
    page = render(Observation(CARD, NOTHING, ()))
    assert "<svg" not in page
    assert "Nothing was measured" in page
    assert page.count("not measured") == 3
    for words in ("No predictions", "No samples", "No descriptors", "No requests"):
        assert f"{words} were counted." in page


def test_predictions_without_labels_say_so(found: Observation) -> None:
    assert "The training data can&#39;t be had here" not in render(found)
    assert "training data can't be had here" in render(replace(found, labels={}))
