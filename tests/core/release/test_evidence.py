"""Evidence: exact where it can be computed exactly, and never fooled by looking often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from matops.core.release.evidence import (
    difference_evidence,
    log_martingale,
    rate_evidence,
    single_look_evidence,
    threshold,
)


@pytest.mark.parametrize(("requests", "rate"), [(1, 0.02), (7, 0.3), (40, 0.05), (300, 0.01)])
def test_the_martingale_is_one_on_average_at_any_number_of_requests(
    requests: int, rate: float
) -> None:
    failures = np.arange(requests + 1)
    together = binom.logpmf(failures, requests, rate) + log_martingale(failures, requests, rate)
    assert np.sum(np.exp(together)) == pytest.approx(1)


def test_who_looks_after_every_request_is_wrong_as_rarely_as_promised() -> None:
    rng, level, rate, n = np.random.default_rng(4), 0.1, 0.05, 2000
    counts = np.arange(1, n + 1)
    wrong = 0
    for _ in range(300):
        failures = np.cumsum(rng.random(n) < rate)
        limit = np.minimum(failures / counts, rate)
        wrong += bool(
            np.any(
                [
                    log_martingale(k, m, p) >= threshold(level)
                    for k, m, p in zip(failures[::10], counts[::10], limit[::10], strict=True)
                ]
            )
        )
    assert wrong / 300 < level


@pytest.mark.parametrize(("requests", "limit"), [(8, 0.2), (40, 0.2), (40, 0.01), (300, 0.05)])
def test_a_look_at_known_requests_is_no_surer_than_the_binomial(
    requests: int, limit: float
) -> None:
    for failures in range(requests + 1):
        chance = binom.sf(failures - 1, requests, limit)
        bound = np.exp(-single_look_evidence(failures, requests, limit))
        assert chance <= bound * (1 + 1e-12)
    assert bound == pytest.approx(limit**requests)


def test_the_least_evidence_over_all_allowed_pairs_counts() -> None:
    other = np.linspace(0.0, 0.95, 4001)
    own = log_martingale(31, 280, np.minimum(31 / 280, other + 0.05))
    grid = np.min(own + log_martingale(6, 410, other))
    assert difference_evidence(31, 280, 6, 410, 0.05) == pytest.approx(grid, abs=1e-4)


def test_arms_within_the_tolerance_give_no_evidence() -> None:
    assert difference_evidence(9, 300, 5, 250, 0.02) < 0


def test_an_arm_that_always_fails_is_known_within_a_few_requests() -> None:
    assert rate_evidence(3, 3, 0.02) > threshold(0.0025)
    assert rate_evidence(1, 1, 0.02) < threshold(0.0025)


@given(st.integers(1, 500), st.integers(1, 500), st.data(), st.floats(0.001, 0.5))
def test_one_more_failure_is_never_less_evidence_above_the_limit(
    requests: int, other_requests: int, data: st.DataObject, tolerance: float
) -> None:
    failures = data.draw(st.integers(0, requests - 1))
    other = data.draw(st.integers(0, other_requests))
    fewer = difference_evidence(failures, requests, other, other_requests, tolerance)
    more = difference_evidence(failures + 1, requests, other, other_requests, tolerance)
    assert more >= fewer - 1e-6 or more < 0
