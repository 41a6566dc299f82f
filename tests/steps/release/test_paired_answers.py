"""Pairs of answers: what disagrees beyond both intervals, what fails, what is no number."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from matops.artifacts.model.package import Golden
from matops.core.quality.prediction import Estimate, Prediction
from matops.core.release.traffic import PairedAnswers
from matops.steps.release.paired_answers import Pair, _count, golden_mismatches


def answer(value: float, half_width: float = 10.0) -> Prediction:
    estimate = Estimate(value, "GPa", value - half_width, value + half_width)
    return Prediction({"K_VRH": estimate}, {}, 0.9, False, 0.5, (), "m8", "d1")


def counted(*pairs: Pair) -> PairedAnswers:
    return _count(pairs, 0, interval_ratio=2.0)


@pytest.mark.parametrize(
    ("candidate", "other", "share"),
    [
        (answer(100), answer(119), 0.0),
        (answer(100), answer(121), 1.0),
        (answer(100, 1), answer(112, 10), 1.0),
        (answer(100, 3), answer(112, 10), 0.0),
        (answer(math.nan), answer(100), 1.0),
    ],
)
def test_pairs_disagree_beyond_both_half_widths_together(
    candidate: Prediction, other: Prediction, share: float
) -> None:
    assert counted((candidate, other)).outside_interval == {"K_VRH": share}


@pytest.mark.parametrize(
    ("candidate", "other", "share"),
    [(10, 5, 0.0), (10.1, 5, 1.0), (5, 10, 0.0), (0, 0, 0.0), (math.nan, 5, 1.0)],
)
def test_intervals_that_are_far_wider_are_counted(
    candidate: float, other: float, share: float
) -> None:
    found = counted((answer(100, candidate), answer(100, other)))
    assert found.far_wider == {"K_VRH": share}


def test_what_was_not_answered_counts_for_the_arm_that_left_it() -> None:
    pairs = [(None, answer(1)), (None, answer(1)), (answer(1), None)]
    found = _count([*pairs, (None, None), (answer(1), answer(100))], 3, 3.0)
    assert (found.asked, found.candidate_failed, found.champion_failed) == (5, 3, 2)
    assert (found.both_failed, found.answered) == (1, 1)
    assert found.outside_interval == {"K_VRH": 1.0}
    assert found.golden_mismatches == 3


def test_an_answer_that_is_no_number_is_counted_once() -> None:
    pairs = [(answer(math.inf), answer(1)), (answer(1), answer(math.nan))]
    assert counted(*pairs).not_finite == 1


@pytest.mark.parametrize(
    ("told", "mismatches"),
    [(100.0, 0), (100.001, 0), (100.1, 1), (math.nan, 1), (None, 0)],
)
def test_golden_requests_are_answered_as_recorded_within_a_tolerance(
    told: float | None, mismatches: int
) -> None:
    golden = Golden(({"cif": "x"},), (answer(100.0),))
    answers: list[Any] = [None if told is None else answer(told)]
    assert golden_mismatches(golden, answers) == mismatches


def test_an_answer_without_a_recorded_property_is_a_mismatch() -> None:
    golden = Golden(({"cif": "x"},), (answer(100.0),))
    assert golden_mismatches(golden, [replace(answer(100.0), estimates={})]) == 1
