"""The judge: what holds for any two arms, what never passes, and how simulated releases end."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.canary_judge import BAD_CASES, HEALTHY_CASES, KINDS, release
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.traffic import ArmTraffic, PairedAnswers
from tests.support.canary_cases import (
    CANDIDATE,
    ERRORS,
    OUTSIDE,
    P95,
    PAIRED,
    REFERENCE,
    REFUSED,
    SHIFT,
    latency,
    moduli,
    ruling,
    the,
)

RANK = {"roll_back": 0, "inconclusive": 1, "hold": 1, "advance": 2}
"""A ruling's favour."""

unhurried = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
shares = st.floats(0, 1)


SPEEDS = np.array([0.15, 0.5, 0.25, 0.08, 0.02, 0.0, 0.0])
VALUES = np.array([0.2, 0.3, 0.3, 0.15, 0.05])


@st.composite
def arms(draw: st.DrawFn) -> ArmTraffic:
    """An arm that was measured whole; most are alike, so that some pass and some are close."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    requests = draw(st.integers(0, 400) | st.integers(1000, 4000))
    failing, outside = (draw(st.sampled_from([0.0, 0.0, 0.01, 0.01, 0.05, 0.3])) for _ in range(2))
    tempo, value = (draw(st.sampled_from([0, 0, 0, 1])) for _ in range(2))
    latencies = rng.multinomial(requests, np.roll(SPEEDS, tempo))
    predictions = rng.multinomial(requests, np.roll(VALUES, 2 * value))
    return ArmTraffic(
        requests=float(requests),
        errors=float(rng.binomial(requests, failing)),
        refused=0.0,
        latency_s=latency(*map(float, latencies)),
        predictions=moduli(*map(float, predictions)),
        answered=float(requests),
        outside=float(rng.binomial(requests, outside)),
    )


pairs = st.builds(
    PairedAnswers,
    asked=st.integers(20, 60),
    champion_failed=st.integers(0, 2),
    candidate_failed=st.integers(0, 2),
    not_finite=st.just(0),
    outside_interval=st.sampled_from([0.0, 0.05, 0.2, 0.3, 0.9]).map(lambda x: {"K_VRH": x}),
    golden_mismatches=st.just(0),
    far_wider=st.sampled_from([0.0, 0.1, 0.3, 0.9]).map(lambda x: {"K_VRH": x}),
)


def slower(arm: ArmTraffic, moved: float) -> ArmTraffic:
    """The same requests, a share of each bucket's in the next slower one."""
    assert arm.latency_s
    counts = list(arm.latency_s.counts)
    for bucket in reversed(range(len(counts) - 1)):
        step = counts[bucket] * moved
        counts[bucket], counts[bucket + 1] = counts[bucket] - step, counts[bucket + 1] + step
    return replace(arm, latency_s=latency(*counts))


@unhurried
@given(arms(), arms(), pairs, shares, shares, shares, shares)
def test_a_worse_candidate_is_never_ruled_better(
    one: ArmTraffic,
    other: ArmTraffic,
    paired: PairedAnswers,
    failing: float,
    outside: float,
    moved: float,
    refusing: float,
) -> None:
    before = RANK[ruling(one, other, paired).move]
    assert one.requests is not None
    assert one.errors is not None
    assert one.answered is not None
    assert one.outside is not None
    assert one.refused is not None
    errors = one.errors + failing * (one.requests - one.errors)
    beyond = one.outside + outside * max(0.0, one.answered - one.outside)
    for worse in (
        replace(one, errors=errors),
        replace(one, outside=beyond),
        replace(one, refused=one.refused + refusing * one.requests),
        slower(one, moved),
    ):
        assert RANK[ruling(worse, other, paired).move] <= before
    for unlike in (
        replace(paired, golden_mismatches=paired.golden_mismatches + 1),
        replace(paired, not_finite=paired.not_finite + 1),
        replace(paired, candidate_failed=paired.candidate_failed + 3),
    ):
        assert RANK[ruling(one, other, unlike).move] <= before


@unhurried
@given(arms(), arms())
def test_of_two_arms_not_both_are_the_worse(one: ArmTraffic, other: ArmTraffic) -> None:
    for name in (ERRORS, REFUSED, P95, OUTSIDE):
        both = [the(name, ruling(*order)).outcome for order in ((one, other), (other, one))]
        assert both != ["failed", "failed"]
    there, back = the(SHIFT, ruling(one, other)), the(SHIFT, ruling(other, one))
    assert there.measured == pytest.approx(back.measured)


@pytest.mark.parametrize("bad", [None, math.nan, math.inf, -1.0])
@pytest.mark.parametrize("arm", ["candidate", "reference"])
@pytest.mark.parametrize("name", [f.name for f in fields(ArmTraffic) if f.name != "samples"])
def test_what_is_missing_or_no_number_never_passes(name: str, arm: str, bad: float | None) -> None:
    whole = {"candidate": CANDIDATE, "reference": REFERENCE}
    value: Any = bad
    if name == "latency_s" and bad is not None:
        value = latency(40, 250, bad, 18, 2, 0, 0)
    elif name == "predictions":
        value = {} if bad is None else moduli(60, bad, 120, 60, 10)
    found = ruling(**{**whole, arm: replace(whole[arm], **{name: value})})
    if arm == "reference" and name == "predictions" and bad is None:
        assert the(SHIFT, found).outcome == "missing"
    assert found.move == "hold"
    assert found.setback


@pytest.mark.parametrize(
    "changes",
    [
        {"outside_interval": {"K_VRH": math.nan}},
        {"far_wider": {"K_VRH": math.nan}},
        {"asked": math.nan},
        {"candidate_failed": math.nan},
        {"not_finite": math.nan},
        {"golden_mismatches": math.nan},
        {"candidate_failed": 99},
    ],
)
def test_paired_answers_that_are_no_numbers_never_pass(changes: dict[str, Any]) -> None:
    assert ruling(paired=replace(PAIRED, **changes)).move == "hold"


@pytest.mark.parametrize("kind", KINDS)
def test_a_healthy_candidate_is_not_rolled_back_and_a_bad_one_not_promoted(kind: str) -> None:
    """Of 6 healthy ones at 5 %, three rolled back have a chance of 0.2 %."""
    rng, policy = np.random.default_rng(11), CanaryPolicy()
    moves = {
        name: [release(*arms, KINDS[kind], policy, rng).rollout.move for _ in range(times)]
        for times, cases in ((2, HEALTHY_CASES), (1, BAD_CASES))
        for name, arms in cases.items()
    }
    assert sum(moves[name].count("roll_back") for name in HEALTHY_CASES) < 3
    assert not any("promote" in moves[name] for name in BAD_CASES)
    if kind == "steady, 20/s":
        assert {move for name in HEALTHY_CASES for move in moves[name]} == {"promote"}
