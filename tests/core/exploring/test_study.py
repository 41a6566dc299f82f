"""Studies: more training groups hold fewer ones, and what can't be is refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.core.exploring.study import (
    Study,
    Variant,
    draw_training_groups,
    find_study,
    select_variants,
)

GROUPS = np.array([f"g{i % 40}" for i in range(100)])


def drawn(variant: Variant, seed: tuple[int, ...] = (0, 0, 0)) -> set[str]:
    return set(draw_training_groups(GROUPS, variant, seed).tolist())


def sized(count: int) -> Variant:
    return Variant("some", train_groups=count)


def test_more_groups_hold_fewer_ones() -> None:
    five, twenty, all_of_them = (drawn(sized(n)) for n in (5, 20, 40))
    assert five < twenty < all_of_them == set(GROUPS)
    assert (len(five), len(twenty)) == (5, 20)


def test_a_count_and_the_share_it_is_draw_the_same_groups() -> None:
    assert drawn(Variant("share", train_share=0.25)) == drawn(sized(10))


def test_same_seed_draws_the_same_and_every_part_of_the_seed_matters() -> None:
    assert drawn(sized(10)) == drawn(sized(10))
    others = [drawn(sized(10), seed) for seed in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert all(other != drawn(sized(10)) for other in others)


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = np.random.default_rng(1).permutation(GROUPS)
    assert set(draw_training_groups(shuffled, sized(7), (0, 0, 0)).tolist()) == drawn(sized(7))


def test_a_tiny_share_still_trains_on_two_groups() -> None:
    assert len(drawn(Variant("tiny", train_share=0.001))) == 2


@pytest.mark.parametrize("count", [0, 1, 41])
def test_groups_that_are_not_there_are_refused_by_name(count: int) -> None:
    with pytest.raises(BadInput, match=rf"variant .some. trains on {count} groups; .* has 40"):
        drawn(sized(count))


def test_only_a_variant_with_fewer_groups_draws() -> None:
    assert not Variant("all").draws_groups
    assert sized(20).draws_groups
    assert Variant("half", train_share=0.5).draws_groups


def test_a_study_is_found_by_name_and_the_known_ones_are_listed() -> None:
    studies = [Study(name, "?", (Variant("a"),)) for name in ("one", "two")]
    assert find_study(studies, "metals", "two") is studies[1]
    with pytest.raises(BadInput, match="metals has no study 'three'; there are: one, two"):
        find_study(studies, "metals", "three")
    with pytest.raises(BadInput, match="there are: none"):
        find_study([], "metals", "one")


def test_variants_are_chosen_by_label_in_the_order_of_the_study() -> None:
    study = Study("s", "?", (Variant("a"), Variant("b"), Variant("c")))
    assert select_variants(study, []) == study.variants
    assert [v.label for v in select_variants(study, ["c", "a"])] == ["a", "c"]
    with pytest.raises(BadInput, match="study s has no variant 'd'; there are: a; b; c"):
        select_variants(study, ["a", "d"])


def test_a_study_whose_points_can_not_be_told_apart_or_placed_is_refused() -> None:
    with pytest.raises(ValueError, match="two variants have one label"):
        Study("s", "?", (Variant("a"), Variant("a")))
    with pytest.raises(ValueError, match="all variants have an x"):
        Study("s", "?", (Variant("a", x=1.0), Variant("b")))
