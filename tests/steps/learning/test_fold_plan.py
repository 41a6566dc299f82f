"""The plan of a cross-validation: no group on both sides, and nothing left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.core.data.split import OwnSplit
from matops.core.errors import BadInput
from matops.core.exploring.study import Variant
from matops.steps.learning.fold_plan import Case, Folds, Plan, deal_folds, plan_case
from matops.steps.learning.samples import Samples

FOLDS = Folds(4, seed=3)
ALL = Variant("all")


@pytest.fixture
def samples(family: Any, alloys: list[Any]) -> Samples:
    """Sixty records in thirty groups of two."""
    others = [replace(record, id=f"{record.id}b") for record in alloys[:30]]
    return Samples(family, sorted([*alloys[:30], *others], key=lambda record: record.id))


def plan(
    samples: Samples, config: Any, variant: Variant, draws: int = 1, folds: Folds = FOLDS
) -> Plan:
    fold_of = deal_folds(samples, folds)
    return plan_case(samples, Case(variant, config, draws), folds, fold_of, Path("features"))


@pytest.mark.parametrize("variant", [Variant("all"), Variant("few", train_groups=6)])
def test_no_group_both_trains_and_is_asked(samples: Samples, config: Any, variant: Variant) -> None:
    for _, training in plan(samples, config, variant, draws=2):
        train, held_out = (samples.groups[rows] for rows in (training.train, training.held_out))
        assert not set(train) & set(held_out)
        # A group trains as a whole or not at all.
        assert set(Counter(train.tolist()).values()) == {2}


def test_every_sample_is_asked_once_a_draw_and_member(samples: Samples, config: Any) -> None:
    asked: dict[tuple[int, int], list[int]] = {}
    for place, training in plan(samples, config, Variant("few", train_groups=6), draws=2):
        asked.setdefault((place.draw, place.member), []).extend(training.held_out.tolist())
    assert sorted(asked) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all(sorted(rows) == list(range(60)) for rows in asked.values())


def test_trainings_carry_the_targets_of_their_rows_and_count_their_groups(
    samples: Samples, config: Any
) -> None:
    for place, training in plan(samples, config, Variant("few", train_groups=6)):
        np.testing.assert_array_equal(
            training.truth["sample"], samples.scaled["sample"][training.train]
        )
        assert place.train_groups == 6


def test_fewer_training_groups_are_held_by_more_in_every_fold_and_draw(
    samples: Samples, config: Any
) -> None:
    few, more, everything = (
        plan(samples, config, variant, draws=2)
        for variant in (
            Variant("few", train_groups=5),
            Variant("more", train_groups=12),
            Variant("all"),
        )
    )
    for (_, a), (_, b), (_, c) in zip(few, more, everything, strict=True):
        assert set(a.train) < set(b.train) < set(c.train)


def test_draws_and_folds_choose_differently(samples: Samples, config: Any) -> None:
    found = plan(samples, config, Variant("few", train_groups=5), draws=3)
    chosen = {tuple(training.train.tolist()) for _, training in found}
    assert len(chosen) == 3 * 4


def test_no_two_networks_share_seed_or_key(samples: Samples, config: Any) -> None:
    found = plan(samples, config, Variant("few", train_groups=5), draws=3)
    assert len({training.number for _, training in found}) == len(found) == 3 * 4 * 2
    assert len({training.key for _, training in found}) == len(found)


def test_keys_know_what_matters_and_nothing_else(samples: Samples, config: Any) -> None:
    def keys(config: Any = config, variant: Variant = ALL, folds: Folds = FOLDS) -> set[str]:
        return {training.key for _, training in plan(samples, config, variant, folds=folds)}

    same = [
        keys(variant=Variant("renamed", x=1.0, series="other")),
        keys(replace(config, split=replace(config.split, salt="other"))),
        keys(replace(config, evaluation=replace(config.evaluation, coverage=0.5))),
    ]
    assert all(other == keys() for other in same)
    one_more = replace(config, training=replace(config.training, members=3))
    assert keys() < keys(one_more)
    different = [
        keys(replace(config, training=replace(config.training, epochs=99))),
        keys(replace(config, network=replace(config.network, n_conv=2))),
        keys(variant=Variant("a", train_groups=6)),
        keys(folds=Folds(4, seed=4)),
        keys(folds=Folds(5, seed=3)),
    ]
    assert not any(other & keys() for other in different)


@pytest.mark.parametrize("count", [0, 1, 31])
def test_folds_that_can_not_be_dealt_are_refused(samples: Samples, count: int) -> None:
    with pytest.raises(BadInput, match=f"^{count} folds can't be made of 30 groups"):
        deal_folds(samples, Folds(count, seed=0))


def test_a_negative_seed_is_refused(samples: Samples) -> None:
    with pytest.raises(BadInput, match="zero or more, not -1"):
        deal_folds(samples, Folds(3, seed=-1))


def test_own_folds_are_numbered_from_zero_and_may_not_tear_a_group(samples: Samples) -> None:
    """Two folds that the user calls 3 and 7."""
    groups = sorted(set(samples.groups.tolist()))
    folds = {group: 3 if number % 2 else 7 for number, group in enumerate(groups)}
    own = OwnSplit("split.csv", "aa", "group", {}, folds)
    fold_of = deal_folds(samples, Folds(2, 0, own=own))
    expected = [int(folds[group] == 7) for group in samples.groups.tolist()]
    assert fold_of.tolist() == expected
    with pytest.raises(BadInput, match=r"split\.csv: .* records have no fold"):
        deal_folds(samples, Folds(2, 0, own=replace(own, folds={groups[0]: 0})))
