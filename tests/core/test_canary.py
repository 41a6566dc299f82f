"""The judge: both sides of each limit, and what never passes."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.canary_judge import CASES, release
from matops.core.canary import judge_canary, windows
from matops.core.canary_policy import CanaryPolicy
from matops.core.errors import BadInput
from matops.core.rollout import begin, deploy_first, next_rollout
from matops.core.ruling import Check, Ruling
from matops.core.traffic import ArmTraffic, Buckets, PairedAnswers

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = CanaryPolicy(
    shares_percent=(20, 100),
    least_requests=300,
    least_samples=250,
    error_tolerance=0.02,
    error_cap=0.05,
    latency_ratio=1.6,
    outside_excess=0.04,
    shift=0.15,
    disagreement=0.25,
    least_pairs=6,
    settling_s=40.0,
    least_stage_s=100.0,
    most_stage_s=900.0,
    most_release_s=1500.0,
    most_setbacks=3,
)
EDGES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, math.inf)
EDGES_GPA = (50.0, 100.0, 150.0, 200.0, math.inf)


def latency(*counts: float) -> Buckets:
    return Buckets(EDGES_S, counts)


def moduli(*counts: float) -> dict[str, Buckets]:
    return {"K_VRH": Buckets(EDGES_GPA, counts)}


CANDIDATE = ArmTraffic(
    requests=400.0,
    errors=2.0,
    refused=7.0,
    latency_s=latency(40, 250, 90, 18, 2, 0, 0),
    predictions=moduli(60, 150, 120, 60, 10),
    samples=400.0,
    outside=5.0,
)
REFERENCE = ArmTraffic(
    requests=500.0,
    errors=1.0,
    refused=9.0,
    latency_s=latency(60, 310, 105, 22, 3, 0, 0),
    predictions=moduli(80, 185, 150, 70, 15),
    samples=500.0,
    outside=6.0,
)
PAIRED = PairedAnswers(10, 0, 0, 0, {"K_VRH": 0.1}, 0)
ROLLOUT = begin(deploy_first("m1", "/m1"), "m2", "/m2", NOON, POLICY)


def ruling(
    candidate: ArmTraffic = CANDIDATE,
    reference: ArmTraffic = REFERENCE,
    paired: PairedAnswers | None = PAIRED,
    after_s: float = 120.0,
    setbacks: int = 0,
) -> Ruling:
    rollout = replace(ROLLOUT, setbacks=setbacks)
    now = NOON + timedelta(seconds=after_s)
    return judge_canary(rollout, candidate, reference, paired, now, POLICY)


def the(name: str, found: Ruling) -> Check:
    [check] = [check for check in found.checks if check.name == name]
    return check


def test_a_candidate_that_passes_everything_advances() -> None:
    found = ruling()
    assert (found.move, found.reason) == ("advance", "every check passed at 20 %")
    assert {check.outcome for check in found.checks} == {"passed"}


def test_at_the_last_stage_it_is_promoted() -> None:
    last = next_rollout(ROLLOUT, Ruling("advance", "well"), NOON, POLICY)
    now = NOON + timedelta(seconds=120)
    assert judge_canary(last, CANDIDATE, REFERENCE, PAIRED, now, POLICY).move == "promote"


REQUESTS = "requests of the candidate"
ERRORS = "failed requests beyond the other arm's"
CAP = "failed requests"
P95 = "p95 latency over the other arm's"
OUTSIDE = "samples out of domain beyond the other arm's"
SHIFT = "shift of K_VRH"
PAIRS = "pairs that disagree on K_VRH"
GOLDEN = "golden requests answered otherwise than recorded"
NOT_FINITE = "answers that are no finite numbers"
UNANSWERED = "paired requests that only the candidate left unanswered"


@pytest.mark.parametrize(
    ("changes", "move", "name", "outcome"),
    [
        ({"requests": 300.0}, "advance", REQUESTS, "passed"),
        ({"requests": 299.0}, "inconclusive", REQUESTS, "open"),
        # 0.2 % of the other arm's requests failed, 2 % more are allowed: 8.8 of 400.
        ({"errors": 8.0}, "advance", ERRORS, "passed"),
        ({"errors": 9.0}, "hold", ERRORS, "open"),
        ({"errors": 30.0}, "hold", ERRORS, "open"),
        ({"errors": 31.0}, "roll_back", ERRORS, "failed"),
        ({"errors": 20.0}, "hold", CAP, "passed"),
        ({"errors": 21.0}, "hold", CAP, "open"),
        ({"latency_s": latency(40, 250, 80, 18, 12, 0, 0)}, "advance", P95, "passed"),
        ({"latency_s": latency(40, 250, 75, 22, 13, 0, 0)}, "hold", P95, "open"),
        ({"latency_s": latency(0, 40, 200, 130, 30, 0, 0)}, "hold", P95, "open"),
        ({"latency_s": latency(0, 0, 40, 200, 130, 30, 0)}, "roll_back", P95, "failed"),
        ({"latency_s": latency(0, 0, 0, 0, 0, 0, 400)}, "roll_back", P95, "failed"),
        # 1.2 % of the other arm's samples were outside, 4 % more are allowed: 20.8 of 400.
        ({"outside": 20.0}, "advance", OUTSIDE, "passed"),
        ({"outside": 21.0}, "hold", OUTSIDE, "open"),
        ({"outside": 50.0}, "hold", OUTSIDE, "open"),
        ({"outside": 52.0}, "roll_back", OUTSIDE, "failed"),
        ({"samples": 250.0}, "advance", OUTSIDE, "passed"),
        ({"samples": 249.0}, "hold", OUTSIDE, "open"),
        # 0.266 apart are allowed: 0.15, and what chance may add at 400 and 500.
        ({"predictions": moduli(170, 40, 120, 60, 10)}, "advance", SHIFT, "passed"),
        ({"predictions": moduli(180, 30, 40, 0, 0)}, "advance", SHIFT, "passed"),
        ({"predictions": moduli(180, 30, 39, 0, 0)}, "hold", SHIFT, "open"),
    ],
)
def test_each_limit_of_traffic_has_two_sides(
    changes: dict[str, Any], move: str, name: str, outcome: str
) -> None:
    found = ruling(replace(CANDIDATE, **changes))
    assert (found.move, the(name, found).outcome) == (move, outcome)


def test_the_cap_holds_where_both_arms_fail_alike() -> None:
    ill = replace(REFERENCE, errors=100.0)
    for errors, move, outcome in ((20.0, "advance", "passed"), (41.0, "roll_back", "failed")):
        found = ruling(replace(CANDIDATE, errors=errors), ill)
        assert (found.move, the(CAP, found).outcome) == (move, outcome)
        assert the(ERRORS, found).outcome == "passed"


@pytest.mark.parametrize(
    ("changes", "move", "name", "outcome"),
    [
        ({"golden_mismatches": 1}, "roll_back", GOLDEN, "failed"),
        ({"not_finite": 1}, "roll_back", NOT_FINITE, "failed"),
        ({"candidate_failed": 1}, "hold", UNANSWERED, "open"),
        ({"candidate_failed": 3}, "hold", UNANSWERED, "open"),
        ({"candidate_failed": 4}, "roll_back", UNANSWERED, "failed"),
        ({"candidate_failed": 2, "champion_failed": 2}, "advance", UNANSWERED, "passed"),
        ({"candidate_failed": 2, "asked": 100}, "advance", UNANSWERED, "passed"),
        ({"candidate_failed": 3, "asked": 100}, "hold", UNANSWERED, "open"),
        ({"asked": 6}, "advance", PAIRS, "passed"),
        ({"asked": 5}, "hold", PAIRS, "open"),
        ({"asked": 0}, "hold", PAIRS, "open"),
        ({"outside_interval": {"K_VRH": 0.2}}, "advance", PAIRS, "passed"),
        ({"outside_interval": {"K_VRH": 0.3}}, "hold", PAIRS, "open"),
        ({"outside_interval": {}}, "inconclusive", PAIRS, "missing"),
    ],
)
def test_each_limit_of_paired_answers_has_two_sides(
    changes: dict[str, Any], move: str, name: str, outcome: str
) -> None:
    found = ruling(paired=replace(PAIRED, **changes))
    assert (found.move, the(name, found).outcome) == (move, outcome)


FAR = replace(CANDIDATE, predictions=moduli(0, 0, 0, 0, 400))


@pytest.mark.parametrize(
    ("share", "move", "shift", "pairs"),
    [
        (0.1, "advance", "passed", "passed"),
        (0.8, "hold", "open", "open"),
        (0.9, "roll_back", "failed", "failed"),
    ],
)
def test_a_shift_condemns_only_together_with_pairs_that_disagree(
    share: float, move: str, shift: str, pairs: str
) -> None:
    found = ruling(FAR, paired=replace(PAIRED, outside_interval={"K_VRH": share}))
    assert found.move == move
    assert (the(SHIFT, found).outcome, the(PAIRS, found).outcome) == (shift, pairs)


def test_a_shift_that_pairs_explain_is_remarked() -> None:
    assert the(SHIFT, ruling(FAR)).words.endswith("but pairs agree")


def test_pairs_that_disagree_without_a_shift_hold_and_do_not_condemn() -> None:
    found = ruling(paired=replace(PAIRED, outside_interval={"K_VRH": 1.0}))
    assert found.move == "hold"
    assert "not moved" in found.reason


def test_a_shift_without_pairs_waits_for_them() -> None:
    found = ruling(FAR, paired=None)
    assert found.move == "inconclusive"
    assert the(SHIFT, found).words.endswith("pairs must tell")


def test_the_samples_of_one_request_count_once() -> None:
    batch = {"samples": 40_000.0, "outside": 40_000.0 * 0.1}
    assert ruling(replace(CANDIDATE, **batch)).move == "hold"
    many = {**batch, "requests": 4_000.0, "errors": 20.0}
    assert ruling(replace(CANDIDATE, **many)).move == "roll_back"


def test_histograms_of_other_edges_are_not_compared() -> None:
    found = ruling(replace(CANDIDATE, latency_s=Buckets((0.03, math.inf), (390.0, 10.0))))
    assert found.move == "inconclusive"
    assert "different edges" in the(P95, found).words


@pytest.mark.parametrize(
    ("after_s", "move"), [(99.0, "hold"), (100.0, "advance"), (5000.0, "advance")]
)
def test_who_passes_everything_waits_for_the_shortest_stage_only(after_s: float, move: str) -> None:
    assert ruling(after_s=after_s).move == move


LITTLE = replace(CANDIDATE, requests=50.0)


@pytest.mark.parametrize(("after_s", "move"), [(899.0, "inconclusive"), (900.0, "roll_back")])
def test_a_stage_that_stays_undecided_ends(after_s: float, move: str) -> None:
    found = ruling(LITTLE, after_s=after_s)
    assert found.move == move
    assert "50 of 300 needed" in found.reason


@pytest.mark.parametrize(("before_s", "move"), [(599.0, "inconclusive"), (600.0, "roll_back")])
def test_a_release_that_stays_undecided_ends(before_s: float, move: str) -> None:
    began = (NOON - timedelta(seconds=before_s)).isoformat()
    rollout, now = replace(ROLLOUT, release_began=began), NOON + timedelta(seconds=899)
    assert judge_canary(rollout, LITTLE, REFERENCE, PAIRED, now, POLICY).move == "inconclusive"
    later = replace(POLICY, most_release_s=1499.0)
    assert judge_canary(rollout, LITTLE, REFERENCE, PAIRED, now, later).move == move


@pytest.mark.parametrize(
    ("after_s", "setbacks", "move", "setback"),
    [
        (40.0, 2, "inconclusive", False),
        (41.0, 1, "inconclusive", True),
        (41.0, 2, "roll_back", True),
    ],
)
def test_an_outage_of_metrics_holds_and_then_rolls_back(
    after_s: float, setbacks: int, move: str, setback: bool
) -> None:
    found = ruling(ArmTraffic(), ArmTraffic(), after_s=after_s, setbacks=setbacks)
    assert (found.move, found.setback) == (move, setback)


def test_too_little_traffic_is_no_setback() -> None:
    assert not ruling(LITTLE, after_s=500.0, setbacks=2).setback


def test_a_candidate_that_fails_is_condemned_before_there_is_enough_traffic() -> None:
    found = ruling(replace(LITTLE, errors=25.0))
    assert found.move == "roll_back"
    assert found.reason.startswith("failed requests beyond the other arm's: 25 of 50")


def test_the_other_arm_is_measured_before_the_stage_in_which_it_has_no_traffic() -> None:
    now = NOON + timedelta(seconds=500)
    first = windows(ROLLOUT, now)
    assert first.candidate == first.reference == (NOON, now)
    stage_began = NOON + timedelta(seconds=300)
    last = next_rollout(ROLLOUT, Ruling("advance", "well"), stage_began, POLICY)
    assert windows(last, now).candidate == (stage_began, now)
    assert windows(last, now).reference == (NOON, stage_began)


def test_between_releases_there_is_nothing_to_judge() -> None:
    with pytest.raises(BadInput, match="no release is under way"):
        judge_canary(deploy_first("m", "/m"), CANDIDATE, REFERENCE, PAIRED, NOON, POLICY)


RANK = {"roll_back": 0, "inconclusive": 1, "hold": 1, "advance": 2}
"""A ruling's favour; it waits for more traffic and for more proof alike."""

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
        samples=float(requests),
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
@given(arms(), arms(), pairs, shares, shares, shares)
def test_a_worse_candidate_is_never_ruled_better(
    one: ArmTraffic,
    other: ArmTraffic,
    paired: PairedAnswers,
    failing: float,
    outside: float,
    moved: float,
) -> None:
    before = RANK[ruling(one, other, paired).move]
    assert one.requests is not None
    assert one.errors is not None
    assert one.samples is not None
    assert one.outside is not None
    errors = one.errors + failing * (one.requests - one.errors)
    beyond = one.outside + outside * (one.samples - one.outside)
    for worse in (
        replace(one, errors=errors),
        replace(one, outside=beyond),
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
    for name in (ERRORS, P95, OUTSIDE):
        both = [the(name, ruling(*order)).outcome for order in ((one, other), (other, one))]
        assert both != ["failed", "failed"]
    there, back = the(SHIFT, ruling(one, other)), the(SHIFT, ruling(other, one))
    assert there.measured == pytest.approx(back.measured)


@pytest.mark.parametrize("bad", [None, math.nan, math.inf, -1.0])
@pytest.mark.parametrize("arm", ["candidate", "reference"])
@pytest.mark.parametrize("name", [f.name for f in fields(ArmTraffic) if f.name != "refused"])
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
    assert found.move == "inconclusive"
    assert found.setback


@pytest.mark.parametrize(
    "changes",
    [
        {"outside_interval": {"K_VRH": math.nan}},
        {"asked": math.nan},
        {"candidate_failed": math.nan},
        {"not_finite": math.nan},
        {"golden_mismatches": math.nan},
        {"candidate_failed": 99},
    ],
)
def test_paired_answers_that_are_no_numbers_never_pass(changes: dict[str, Any]) -> None:
    assert ruling(paired=replace(PAIRED, **changes)).move == "inconclusive"


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "promoted"), [(kind, n < 3) for n, kind in enumerate(CASES)])
def test_simulated_releases_end_as_they_should(kind: str, promoted: bool) -> None:
    rng, releases = np.random.default_rng(11), 40
    ends = [release(*CASES[kind], 20.0, CanaryPolicy(), rng) for _ in range(releases)]
    right = sum((end.rollout.move == "promote") is promoted for end in ends)
    assert right >= 0.95 * releases
