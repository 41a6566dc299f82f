"""Latency from buckets: interpolation, what no bucket knows, and how sure one can be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from matops.core.release.evidence import threshold
from matops.core.release.slowness import count_above, quantile, slowness_evidence
from matops.core.release.traffic import Buckets

EDGES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, math.inf)
ENOUGH = threshold(0.0025)


def latency(*counts: float) -> Buckets:
    return Buckets(EDGES_S, counts)


def test_a_quantile_is_interpolated_in_its_bucket() -> None:
    # 40 values to 20 ms, 60 between 20 and 50 ms: the 95th of 100 is 55/60 of the way.
    found = quantile(latency(0, 40, 60, 0, 0, 0, 0, 0), 0.95)
    assert found == pytest.approx(0.02 + 0.03 * 55 / 60)


def test_a_quantile_beyond_all_edges_is_the_last_edge() -> None:
    assert quantile(latency(0, 0, 10, 0, 0, 0, 0, 90), 0.95) == 1.0


def test_counts_above_are_interpolated_and_nothing_is_known_beyond_all_edges() -> None:
    buckets = latency(0, 40, 60, 0, 0, 0, 0, 7)
    assert count_above(buckets, np.array([0.0, 0.02, 0.035, 0.05, 1.0, 1.01])) == pytest.approx(
        [107, 67, 37, 7, 7, 0]
    )


@pytest.mark.parametrize("requests", [300, 3_000, 300_000])
def test_equal_arms_give_no_evidence_at_any_size(requests: int) -> None:
    arm = latency(*(requests * np.array([0.3, 0.4, 0.2, 0.06, 0.03, 0.01, 0, 0])))
    assert slowness_evidence(arm, arm, 1.5, 0.05) == 0


@pytest.mark.parametrize(("requests", "sure"), [(60, False), (600, True)])
def test_a_slower_arm_is_known_from_enough_requests(requests: int, sure: bool) -> None:
    fast = latency(*(requests * np.array([0.3, 0.5, 0.19, 0.01, 0, 0, 0, 0])))
    slow = latency(*(requests * np.array([0, 0.1, 0.3, 0.4, 0.19, 0.01, 0, 0])))
    assert (slowness_evidence(slow, fast, 1.5, 0.05) >= ENOUGH) is sure
    assert slowness_evidence(fast, slow, 1.5, 0.05) == 0


def test_a_ratio_below_the_limit_is_no_evidence() -> None:
    one, other = latency(0, 0, 9_000, 1_000, 0, 0, 0, 0), latency(0, 0, 9_600, 400, 0, 0, 0, 0)
    ratio = quantile(one, 0.95) / quantile(other, 0.95)
    assert 1.5 < ratio < 1.6
    assert slowness_evidence(one, other, 1.5, 0.05) < ENOUGH
    assert slowness_evidence(one, other, 1.2, 0.05) > ENOUGH


def test_an_arm_beyond_all_edges_is_slow_but_not_by_how_much() -> None:
    lost, quick = latency(0, 0, 0, 0, 0, 0, 0, 500), latency(0, 500, 0, 0, 0, 0, 0, 0)
    assert slowness_evidence(lost, quick, 1.5, 0.05) > ENOUGH
    assert slowness_evidence(lost, lost, 1.5, 0.05) == 0
    nearly = latency(0, 0, 0, 0, 0, 0, 500, 0)
    assert slowness_evidence(lost, nearly, 1.5, 0.05) < ENOUGH
