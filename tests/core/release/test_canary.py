"""The judge: both sides of each limit, and when it waits no longer."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from matops.core.errors import BadInput
from matops.core.release.canary import judge_canary, windows
from matops.core.release.rollout import Rollout, deploy_first, next_rollout
from matops.core.release.ruling import Ruling
from matops.core.release.traffic import ArmTraffic, Buckets
from tests.support.canary_cases import (
    CANDIDATE,
    CAP,
    ERRORS,
    GOLDEN,
    NOON,
    NOT_FINITE,
    OUTSIDE,
    P95,
    PAIRED,
    PAIRS,
    POLICY,
    REFERENCE,
    REFUSED,
    REQUESTS,
    ROLLOUT,
    SHIFT,
    UNANSWERED,
    WIDER,
    latency,
    moduli,
    ruling,
    the,
)


def test_a_candidate_that_passes_everything_advances() -> None:
    found = ruling()
    assert (found.move, found.reason) == ("advance", "every check passed at 20 %")
    assert {check.outcome for check in found.checks} == {"passed"}


def test_at_the_last_stage_it_is_promoted() -> None:
    last = next_rollout(ROLLOUT, Ruling("advance", "well"), NOON, POLICY)
    now = NOON + timedelta(seconds=120)
    assert judge_canary(last, CANDIDATE, REFERENCE, PAIRED, now, POLICY).move == "promote"


@pytest.mark.parametrize(
    ("changes", "move", "name", "outcome"),
    [
        ({"requests": 300.0}, "advance", REQUESTS, "passed"),
        ({"requests": 299.0}, "hold", REQUESTS, "open"),
        # 0.2 % of the other arm's requests failed, 2 % more are allowed: 8.8 of 400.
        ({"errors": 8.0}, "advance", ERRORS, "passed"),
        ({"errors": 9.0}, "hold", ERRORS, "open"),
        ({"errors": 31.0}, "hold", ERRORS, "open"),
        ({"errors": 32.0}, "roll_back", ERRORS, "failed"),
        ({"errors": 20.0}, "hold", CAP, "passed"),
        ({"errors": 21.0}, "hold", CAP, "open"),
        ({"latency_s": latency(40, 250, 80, 18, 12, 0, 0)}, "advance", P95, "passed"),
        # 1.6 times a twentieth of the requests may be over 1.6 times 50 ms.
        ({"latency_s": latency(40, 250, 75, 11, 24, 0, 0)}, "advance", P95, "passed"),
        ({"latency_s": latency(40, 250, 75, 4, 31, 0, 0)}, "hold", P95, "open"),
        ({"latency_s": latency(0, 40, 200, 130, 30, 0, 0)}, "hold", P95, "open"),
        ({"latency_s": latency(0, 0, 40, 200, 130, 30, 0)}, "roll_back", P95, "failed"),
        ({"latency_s": latency(0, 0, 0, 0, 0, 0, 400)}, "roll_back", P95, "failed"),
        # 1.8 % of the other arm's requests were refused, 3 % more are allowed: 20.3 of 420.
        ({"refused": 20.0}, "advance", REFUSED, "passed"),
        ({"refused": 21.0}, "hold", REFUSED, "open"),
        ({"refused": 57.0}, "hold", REFUSED, "open"),
        ({"refused": 58.0}, "roll_back", REFUSED, "failed"),
        # 1.2 % of the other arm's requests were outside, 4 % more are allowed: 20.8 of 400.
        ({"outside": 20.0}, "advance", OUTSIDE, "passed"),
        ({"outside": 21.0}, "hold", OUTSIDE, "open"),
        ({"outside": 51.0}, "hold", OUTSIDE, "open"),
        ({"outside": 52.0}, "roll_back", OUTSIDE, "failed"),
        ({"answered": 300.0}, "advance", OUTSIDE, "passed"),
        ({"answered": 299.0}, "hold", OUTSIDE, "open"),
        ({"predictions": moduli(170, 40, 120, 60, 10)}, "advance", SHIFT, "passed"),
        ({"predictions": moduli(130, 90, 80, 0, 0)}, "advance", SHIFT, "passed"),
        ({"predictions": moduli(130, 90, 79, 0, 0)}, "hold", SHIFT, "open"),
    ],
)
def test_each_limit_of_traffic_has_two_sides(
    changes: dict[str, Any], move: str, name: str, outcome: str
) -> None:
    found = ruling(replace(CANDIDATE, **changes))
    assert (found.move, the(name, found).outcome) == (move, outcome)


def test_the_cap_holds_where_both_arms_fail_alike() -> None:
    ill = replace(REFERENCE, errors=100.0)
    for errors, move, outcome in ((20.0, "advance", "passed"), (42.0, "roll_back", "failed")):
        found = ruling(replace(CANDIDATE, errors=errors), ill)
        assert (found.move, the(CAP, found).outcome) == (move, outcome)
        assert the(ERRORS, found).outcome == "passed"


def both_failed(count: int) -> dict[str, Any]:
    return {"candidate_failed": count, "champion_failed": count, "both_failed": count}


@pytest.mark.parametrize(
    ("changes", "move", "name", "outcome"),
    [
        ({"golden_mismatches": 1}, "roll_back", GOLDEN, "failed"),
        ({"not_finite": 1}, "roll_back", NOT_FINITE, "failed"),
        ({"candidate_failed": 1}, "hold", UNANSWERED, "open"),
        ({"candidate_failed": 4}, "hold", UNANSWERED, "open"),
        ({"candidate_failed": 5}, "roll_back", UNANSWERED, "failed"),
        (both_failed(2), "advance", UNANSWERED, "passed"),
        (both_failed(2) | {"both_failed": 1}, "hold", UNANSWERED, "open"),
        (both_failed(5) | {"both_failed": 0}, "roll_back", UNANSWERED, "failed"),
        (both_failed(2) | {"both_failed": 3}, "hold", UNANSWERED, "missing"),
        ({"candidate_failed": 2, "asked": 100}, "advance", UNANSWERED, "passed"),
        ({"candidate_failed": 3, "asked": 100}, "hold", UNANSWERED, "open"),
        ({"asked": 6}, "advance", PAIRS, "passed"),
        ({"asked": 5}, "hold", PAIRS, "open"),
        ({"asked": 0}, "hold", PAIRS, "open"),
        ({"outside_interval": {"K_VRH": 0.2}}, "advance", PAIRS, "passed"),
        ({"outside_interval": {"K_VRH": 0.3}}, "hold", PAIRS, "open"),
        ({"outside_interval": {}}, "hold", PAIRS, "missing"),
        ({"far_wider": {}}, "hold", WIDER, "missing"),
    ],
)
def test_each_limit_of_paired_answers_has_two_sides(
    changes: dict[str, Any], move: str, name: str, outcome: str
) -> None:
    found = ruling(paired=replace(PAIRED, **changes))
    assert (found.move, the(name, found).outcome) == (move, outcome)


FAR = replace(CANDIDATE, predictions=moduli(0, 0, 0, 0, 400))


@pytest.mark.parametrize(
    ("field", "against", "in_favour"),
    [("outside_interval", PAIRS, WIDER), ("far_wider", WIDER, PAIRS)],
    ids=["pairs that disagree", "intervals that agree with anything"],
)
@pytest.mark.parametrize(
    ("share", "move", "shift", "pairs"),
    [
        (0.1, "advance", "passed", "passed"),
        (0.7, "hold", "open", "open"),
        (0.8, "roll_back", "failed", "failed"),
    ],
)
def test_a_shift_condemns_only_together_with_pairs(
    field: str, against: str, in_favour: str, share: float, move: str, shift: str, pairs: str
) -> None:
    found = ruling(FAR, paired=replace(PAIRED, **{field: {"K_VRH": share}}))
    assert found.move == move
    assert (the(SHIFT, found).outcome, the(against, found).outcome) == (shift, pairs)
    assert the(in_favour, found).outcome == "passed"


@pytest.mark.parametrize(("share", "move"), [(0.25, "advance"), (0.3, "hold"), (1.0, "hold")])
def test_wide_intervals_alone_hold_and_do_not_condemn(share: float, move: str) -> None:
    assert ruling(paired=replace(PAIRED, far_wider={"K_VRH": share})).move == move


def test_pairs_that_are_others_at_each_look_need_more() -> None:
    paired = replace(PAIRED, outside_interval={"K_VRH": 0.8})
    assert ruling(FAR, paired=paired).move == "roll_back"
    assert ruling(FAR, paired=replace(paired, recent=2)).move == "hold"


def test_a_shift_that_pairs_explain_is_remarked() -> None:
    assert the(SHIFT, ruling(FAR)).words.endswith("but pairs agree")


def test_pairs_that_disagree_without_a_shift_hold_and_do_not_condemn() -> None:
    found = ruling(paired=replace(PAIRED, outside_interval={"K_VRH": 1.0}))
    assert found.move == "hold"
    assert "not moved" in found.reason


def test_a_shift_without_pairs_waits_for_them() -> None:
    found = ruling(FAR, paired=None)
    assert found.move == "hold"
    assert the(SHIFT, found).words.endswith("pairs must tell")


def test_the_samples_of_one_request_count_once() -> None:
    assert ruling(replace(CANDIDATE, samples=40_000.0)) == ruling()
    # 400 requests and a batch of 256 strange samples, against 400 with 4 strange ones.
    batch = replace(CANDIDATE, requests=401.0, answered=401.0, samples=656.0, outside=5.0)
    other = replace(REFERENCE, requests=400.0, answered=400.0, samples=400.0, outside=4.0)
    assert ruling(batch, other).move == "advance"
    assert the(OUTSIDE, ruling(batch, other)).measured == pytest.approx(5 / 401 - 4 / 400)


def test_arms_that_are_both_slower_than_all_edges_are_not_alike() -> None:
    endless = latency(0, 0, 0, 0, 0, 0, 400)
    found = ruling(replace(CANDIDATE, latency_s=endless), replace(REFERENCE, latency_s=endless))
    assert (found.move, the(P95, found).outcome) == ("hold", "missing")


def test_histograms_of_other_edges_are_not_compared() -> None:
    found = ruling(replace(CANDIDATE, latency_s=Buckets((0.03, math.inf), (390.0, 10.0))))
    assert found.move == "hold"
    assert "different edges" in the(P95, found).words


@pytest.mark.parametrize("edges", [(math.inf,), (0.02, 0.05), (0.05, 0.02, math.inf)])
def test_edges_that_make_no_histogram_are_not_read(edges: tuple[float, ...]) -> None:
    odd = Buckets(edges, (100.0,) * len(edges))
    found = ruling(replace(CANDIDATE, latency_s=odd), replace(REFERENCE, latency_s=odd))
    assert found.move == "hold"
    assert the(P95, found).outcome == "missing"


@pytest.mark.parametrize(
    ("after_s", "move"), [(99.0, "hold"), (100.0, "advance"), (5000.0, "advance")]
)
def test_who_passes_everything_waits_for_the_shortest_stage_only(after_s: float, move: str) -> None:
    assert ruling(after_s=after_s).move == move


LITTLE = replace(CANDIDATE, requests=50.0)


@pytest.mark.parametrize(("after_s", "move"), [(899.0, "hold"), (900.0, "inconclusive")])
def test_a_stage_that_stays_undecided_ends(after_s: float, move: str) -> None:
    found = ruling(LITTLE, after_s=after_s)
    assert found.move == move
    assert "50 of 300 needed" in found.reason


@pytest.mark.parametrize(("before_s", "move"), [(599.0, "hold"), (600.0, "inconclusive")])
def test_a_release_that_stays_undecided_ends(before_s: float, move: str) -> None:
    began = (NOON - timedelta(seconds=before_s)).isoformat()
    rollout, now = replace(ROLLOUT, release_began=began), NOON + timedelta(seconds=899)
    assert judge_canary(rollout, LITTLE, REFERENCE, PAIRED, now, POLICY).move == "hold"
    later = replace(POLICY, most_release_s=1499.0)
    assert judge_canary(rollout, LITTLE, REFERENCE, PAIRED, now, later).move == move


@pytest.mark.parametrize(
    ("after_s", "setbacks", "move", "setback"),
    [
        (40.0, 2, "hold", False),
        (41.0, 1, "hold", True),
        (41.0, 2, "inconclusive", True),
    ],
)
def test_an_outage_of_metrics_holds_and_is_then_inconclusive(
    after_s: float, setbacks: int, move: str, setback: bool
) -> None:
    found = ruling(ArmTraffic(), ArmTraffic(), after_s=after_s, setbacks=setbacks)
    assert (found.move, found.setback) == (move, setback)


@pytest.mark.parametrize(("answered", "setback"), [(0.0, False), (1.0, True)])
def test_an_arm_that_was_asked_nothing_has_no_histogram_yet(answered: float, setback: bool) -> None:
    idle = replace(CANDIDATE, answered=answered, outside=0.0, predictions={})
    assert ruling(idle).setback is setback
    both = ruling(idle, replace(REFERENCE, predictions={}))
    assert (both.move, both.setback) == ("hold", setback)


def test_too_little_traffic_is_no_setback() -> None:
    assert not ruling(LITTLE, after_s=500.0, setbacks=2).setback


MIRRORING = replace(POLICY, mirror=True)


@pytest.mark.parametrize(
    ("requests", "after_s", "move"),
    [
        # 33.3 requests in 100 s are 300 in the 900 s of a stage.
        (34.0, 100.0, "hold"),
        (33.0, 100.0, "mirror"),
        (3.0, 99.0, "hold"),
        (299.0, 899.0, "mirror"),
        (300.0, 899.0, "hold"),
    ],
)
def test_a_share_that_fills_no_stage_is_mirrored(
    requests: float, after_s: float, move: str
) -> None:
    arm = replace(CANDIDATE, requests=requests, answered=20.0, outside=0.0, errors=0.0, refused=0.0)
    now = NOON + timedelta(seconds=after_s)
    assert judge_canary(ROLLOUT, arm, REFERENCE, PAIRED, now, MIRRORING).move == move
    assert judge_canary(ROLLOUT, arm, REFERENCE, PAIRED, now, POLICY).move == "hold"


def test_mirrored_requests_lead_to_the_smallest_share_that_fills_a_stage() -> None:
    policy = replace(MIRRORING, shares_percent=(10, 25, 50, 100))
    mirrored = next_rollout(ROLLOUT, Ruling("mirror", "few"), NOON, policy)
    assert mirrored.shares_percent == {"mm1-1": 100, "mm2-2": 0}
    assert mirrored.is_mirrored
    for after_s, share in ((500.0, 50), (250.0, 25), (899.0, 100)):
        now = NOON + timedelta(seconds=after_s)
        ruling = judge_canary(mirrored, CANDIDATE, REFERENCE, PAIRED, now, policy)
        assert ruling.move == "advance"
        advanced = next_rollout(mirrored, ruling, now, policy)
        assert (advanced.share_percent, advanced.is_mirrored) == (share, False)
        few = replace(CANDIDATE, requests=3.0, errors=0.0, refused=0.0)
        later = now + timedelta(seconds=200)
        assert judge_canary(advanced, few, REFERENCE, PAIRED, later, policy).move == "hold"


def test_a_person_approves_where_the_policy_asks() -> None:
    policy = replace(POLICY, approve_at=(20,), approve_within_s=500.0)

    def move(rollout: Rollout, after_s: float) -> Ruling:
        now = NOON + timedelta(seconds=after_s)
        return judge_canary(rollout, CANDIDATE, REFERENCE, PAIRED, now, policy)

    waiting = move(ROLLOUT, 120.0)
    assert waiting.move == "hold"
    assert waiting.reason == "every check passed at 20 %, a person must approve"
    assert move(ROLLOUT, 500.0).move == "inconclusive"
    approved = next_rollout(ROLLOUT, Ruling("approve", "seen the report"), NOON, policy)
    assert approved.share_percent == ROLLOUT.share_percent
    assert move(approved, 120.0).move == "advance"
    with pytest.raises(ValueError, match="a person approves at one of the shares"):
        replace(POLICY, approve_at=(30,))


def test_waiting_for_a_person_a_look_costs_no_more_than_a_release() -> None:
    now = NOON + timedelta(days=2)
    assert windows(ROLLOUT, now, POLICY)[0] == (now - timedelta(seconds=1500), now)


def test_what_is_compared_with_another_time_holds_and_does_not_condemn() -> None:
    last = next_rollout(ROLLOUT, Ruling("advance", "well"), NOON, POLICY)
    now = NOON + timedelta(seconds=120)

    def judged(**changes: Any) -> Ruling:
        changed = replace(CANDIDATE, **changes)
        return judge_canary(last, changed, REFERENCE, PAIRED, now, POLICY)

    slow = latency(0, 0, 0, 0, 0, 400, 0)
    for changes in ({"outside": 200.0}, {"refused": 4000.0}, {"latency_s": slow}):
        assert judged(**changes).move == "hold"
        assert ruling(replace(CANDIDATE, **changes)).move == "roll_back"
    assert judged(errors=60.0).reason.startswith(f"{CAP}: 60 of 400")
    assert judged(errors=60.0).move == "roll_back"


def test_a_candidate_that_fails_is_condemned_before_there_is_enough_traffic() -> None:
    found = ruling(replace(LITTLE, errors=25.0))
    assert found.move == "roll_back"
    assert found.reason.startswith("failed requests beyond the other arm's: 25 of 50")


def test_the_other_arm_is_measured_before_the_stage_in_which_it_has_no_traffic() -> None:
    now = NOON + timedelta(seconds=500)
    assert windows(ROLLOUT, now, POLICY) == ((NOON, now), (NOON, now))
    stage_began = NOON + timedelta(seconds=300)
    last = next_rollout(ROLLOUT, Ruling("advance", "well"), stage_began, POLICY)
    assert windows(last, now, POLICY)[0] == (stage_began, now)
    assert windows(last, now, POLICY)[1] == (NOON, stage_began)


def test_between_releases_there_is_nothing_to_judge() -> None:
    with pytest.raises(BadInput, match="no release is under way"):
        judge_canary(deploy_first("m", "/m"), CANDIDATE, REFERENCE, PAIRED, NOON, POLICY)
