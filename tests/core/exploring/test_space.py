"""Spaces hold what they say, and refuse what makes no sense, naming the field."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.core.exploring.space import Options, Range, SearchSpace, find_space

RATE = Range(1e-4, 1e-2, log=True)


@pytest.mark.parametrize(
    ("values", "inside", "outside"),
    [
        (RATE, (1e-4, 1e-3, 1e-2), (9e-5, 0.011, "1e-3", None)),
        (Range(0, 4), (0, 2, 4), (5, -1, True)),
        (Range(0.0, 1.0, step=0.25), (0.0, 0.75, 1), (0.3,)),
        (Options((2, 3)), (2, 3), (4, "2")),
        (Options(((8, 16), (16, 32))), ([8, 16], (16, 32)), ((8, 32),)),
        (Options((True, False)), (True,), (1,)),
    ],
)
def test_it_holds_its_own_values_and_no_others(values: Any, inside: Any, outside: Any) -> None:
    assert all(values.holds(value) for value in inside)
    assert not any(values.holds(value) for value in outside)


@pytest.mark.parametrize(
    "values", [RATE, Range(1, 7), Range(0.5, 2.0, step=0.5), Options(((1, 2), (3,)))]
)
def test_what_is_drawn_is_held(values: Range | Options) -> None:
    rng = np.random.default_rng(0)
    drawn = [values.drawn(rng) for _ in range(200)]
    assert all(values.holds(value) for value in drawn)
    assert len({str(value) for value in drawn}) > 1


def test_decades_of_a_logarithmic_range_are_as_likely() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([RATE.drawn(rng) for _ in range(4000)])
    assert (drawn < 1e-3).mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Range(2, 1), r"low \(2\) must be below high \(1\)"),
        (lambda: Range(0.0, 1.0, log=True), "begins above 0, not at 0"),
        (lambda: Range(0.0, 1.0, step=2.0), r"step \(2\) must"),
        (lambda: Options(()), "one or more"),
        (lambda: Options((1, 1)), "no two the same"),
        (lambda: SearchSpace("s", {}), "a field or more"),
        (lambda: SearchSpace("s", {"split.test": RATE}), "split.test: is not searched"),
        (lambda: SearchSpace("s", {"training.members": Range(1, 5)}), "training.members: is not"),
        (lambda: SearchSpace("s", {"a.b": RATE}, changes={"a.b": 1}), "a.b: is searched and held"),
        (lambda: SearchSpace("s", {"a.b": RATE}, grid=True), "a grid has values"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_a_grid_is_the_product_of_its_values() -> None:
    space = SearchSpace("g", {"a": Options((1, 2)), "b": Options(("x", "y", "z"))}, grid=True)
    points = space.combinations()
    assert len(points) == 6
    assert {(point["a"], point["b"]) for point in points} == {(a, b) for a in (1, 2) for b in "xyz"}


def test_the_first_space_is_taken_unless_another_is_named() -> None:
    spaces = (SearchSpace("one", {"a": RATE}), SearchSpace("two", {"a": RATE}))
    assert find_space(spaces, "family", "").name == "one"
    assert find_space(spaces, "family", "two").name == "two"
    with pytest.raises(BadInput, match="no space 'three'; there are: one, two, or a file"):
        find_space(spaces, "family", "three")
    with pytest.raises(BadInput, match="states no space to search; give one with --space FILE"):
        find_space((), "family", "")
