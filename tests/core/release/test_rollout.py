"""States of a release: shares that add up, a champion that is never absent, arms that stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from matops.core.errors import BadInput
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.rollout import Arm, Rollout, begin, deploy_first, next_rollout
from matops.core.release.ruling import Ruling

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = CanaryPolicy(shares_percent=(5, 30, 60, 100))
ADVANCE = Ruling("advance", "all well")


def started() -> Rollout:
    return begin(deploy_first("7", "/models/m7"), "8", "/models/m8", NOON, POLICY)


def after(rollout: Rollout, *rulings: Ruling) -> Rollout:
    for number, ruling in enumerate(rulings, 1):
        rollout = next_rollout(rollout, ruling, NOON + timedelta(minutes=number), POLICY)
    return rollout


def test_the_first_model_answers_everything() -> None:
    assert deploy_first("7", "/models/m7").shares_percent == {"m7-1": 100}


def test_every_arm_has_a_short_name_that_begins_with_a_letter() -> None:
    first = deploy_first("7ade382768e5", "/models/7ade382768e5")
    both = begin(first, "51b0c0de51b0", "/models/51b0c0de51b0", NOON, POLICY)
    assert [arm.name for arm in both.arms] == ["m7ade3827-1", "m51b0c0de-2", "b7ade3827-2"]


def test_a_release_begins_with_a_candidate_and_a_baseline_of_equal_share() -> None:
    rollout = started()
    assert rollout.shares_percent == {"m7-1": 90, "m8-2": 5, "b7-2": 5}
    assert rollout.reference == Arm("b7-2", "7", "/models/m7")
    assert (rollout.move, rollout.generation) == ("start", 2)
    assert rollout.stage_began == rollout.release_began == NOON.isoformat()


def test_arms_of_the_same_version_have_different_names() -> None:
    again = begin(deploy_first("7", "/models/m7"), "7", "/models/m7", NOON, POLICY)
    assert len(again.shares_percent) == 3


def test_without_a_baseline_the_champion_is_compared_with() -> None:
    alone = begin(deploy_first("7", "/m7"), "8", "/m8", NOON, replace(POLICY, baseline=False))
    assert alone.shares_percent == {"m7-1": 95, "m8-2": 5}
    assert alone.reference == alone.champion


def test_a_second_release_waits_for_the_first() -> None:
    with pytest.raises(BadInput, match="a release of 8 is under way"):
        begin(started(), "9", "/models/m9", NOON, POLICY)


def test_stages_follow_each_other_and_the_baseline_goes_once_the_champion_is_no_larger() -> None:
    shares = [after(started(), *[ADVANCE] * n).shares_percent for n in (1, 2, 3)]
    assert shares == [
        {"m7-1": 40, "m8-2": 30, "b7-2": 30},
        {"m7-1": 40, "m8-2": 60},
        {"m7-1": 0, "m8-2": 100},
    ]


def test_a_stage_begins_anew_and_the_release_goes_on() -> None:
    rollout = after(replace(started(), setbacks=2), ADVANCE)
    assert rollout.stage_began == (NOON + timedelta(minutes=1)).isoformat()
    assert rollout.release_began == NOON.isoformat()
    assert rollout.setbacks == 0


def test_nothing_follows_the_last_stage_but_a_promotion() -> None:
    with pytest.raises(BadInput, match="100 % is the last stage"):
        after(started(), *[ADVANCE] * 4)


def test_a_promotion_makes_the_candidate_the_champion() -> None:
    rollout = after(started(), Ruling("promote", "by hand"))
    assert rollout.champion == Arm("m8-2", "8", "/models/m8")
    assert rollout.shares_percent == {"m8-2": 100}
    assert (rollout.candidate, rollout.baseline, rollout.stage_began) == (None, None, "")


def test_a_roll_back_leaves_the_champion_with_everything() -> None:
    rollout = after(started(), ADVANCE, Ruling("roll_back", "p95 too high"))
    assert rollout.shares_percent == {"m7-1": 100}
    assert (rollout.move, rollout.reason, rollout.generation) == ("roll_back", "p95 too high", 4)


def test_what_is_inconclusive_is_set_aside_until_a_person_or_another_release_comes() -> None:
    aside = after(started(), ADVANCE, Ruling("inconclusive", "3 requests in 3600 s"))
    assert aside.awaits_person
    assert aside.shares_percent == {"m7-1": 100, "m8-2": 0}
    assert aside.baseline is None
    promoted = after(aside, Ruling("promote", "by hand"))
    assert promoted.shares_percent == {"m8-2": 100}
    assert after(aside, Ruling("roll_back", "by hand")).shares_percent == {"m7-1": 100}
    again = begin(aside, "8", "/models/m8", NOON, POLICY)
    assert again.candidate == aside.candidate
    assert (again.move, again.share_percent) == ("start", POLICY.shares_percent[0])
    other = begin(aside, "9", "/models/m9", NOON, POLICY)
    assert other.candidate == Arm(f"m9-{aside.generation + 1}", "9", "/models/m9")


def test_setbacks_are_counted_in_a_row() -> None:
    blind = Ruling("hold", "no such series", setback=True)
    assert after(started(), blind, replace(blind, reason="again")).setbacks == 2
    assert after(started(), blind, Ruling("hold", "wait")).setbacks == 0


def test_a_ruling_that_changes_nothing_makes_no_new_generation() -> None:
    waiting = after(started(), Ruling("hold", "wait"))
    assert after(waiting, Ruling("hold", "wait")) is waiting


def test_between_releases_there_is_nothing_to_rule() -> None:
    with pytest.raises(BadInput, match="no release is under way"):
        after(deploy_first("7", "/models/m7"), Ruling("promote", "by hand"))


@pytest.mark.parametrize("shares", [(), (100,), (10, 50), (10, 10, 100), (0, 100), (50, 20, 100)])
def test_shares_that_make_no_release_are_refused(shares: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="the shares must"):
        CanaryPolicy(shares_percent=shares)
