"""One sentence on a model's traffic: calm only where all was measured and nothing moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest

from matops.core.monitoring.drift import compare
from matops.core.monitoring.live import LiveTraffic
from matops.core.monitoring.observation import Observation, findings
from matops.core.monitoring.retraining import RetrainingConfig
from matops.core.release.traffic import Buckets

CARD: Any = SimpleNamespace(version="m")
LIMITS = RetrainingConfig()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRAIN = {"size": Buckets((0.0, 1.0, inf), (300.0, 300.0, 300.0))}


def observed(live: tuple[float, ...], outside: float | None) -> Observation:
    counts = {"size": Buckets((0.0, 1.0, inf), live)}
    traffic = LiveTraffic("m", NOON, NOON, outside, counts)
    return Observation(CARD, traffic, tuple(compare(TRAIN, counts)))


def test_traffic_like_the_training_data_is_calm() -> None:
    alarm, why = findings(observed((101, 99, 100), 29), LIMITS)
    assert not alarm
    assert "9.7% of 10%" in why


@pytest.mark.parametrize(
    ("live", "outside", "word"),
    [
        ((280, 10, 10), 0, "1 of 1 descriptors drifted, size farthest"),
        ((100, 100, 100), 30, "10% of the samples are out of domain"),
        ((60, 60, 60), 90, "180 samples of the 200"),
        ((100, 100, 100), None, "Nothing was measured"),
        ((0, 0, 0), 0, "Nothing was measured"),
    ],
)
def test_all_else_needs_attention(
    live: tuple[float, ...], outside: float | None, word: str
) -> None:
    alarm, why = findings(observed(live, outside), LIMITS)
    assert alarm
    assert word in why


def test_a_model_that_nobody_watched_has_no_numbers() -> None:
    nothing = Observation(CARD, LiveTraffic("m", NOON, NOON), ())
    assert (nothing.drift, nothing.outside_share) == (None, None)
    assert findings(nothing, LIMITS)[0]


def test_a_share_never_exceeds_one() -> None:
    assert replace(observed((100, 100, 100), 300.2)).outside_share == 1.0
