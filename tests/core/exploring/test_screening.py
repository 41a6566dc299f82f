"""The Pareto front on sets whose front is known, and the spread of a few designs along it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.core.exploring.screening import Cost, Merit, Objectives, pareto_front, spread_along

COST = Cost("mass", "kg", "mass", lambda payload: payload["mass_kg"])
MERITS = tuple(Merit(name, "GPa", name, lambda v: v.mean(axis=1)) for name in ("mean", "least"))


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([(1, 1)], [0]),
        ([(2, 2), (1, 1), (3, 3)], [1, 0, 2]),
        ([(1, 3), (2, 2), (3, 1)], [0]),
        ([(1, 1), (2, 1), (3, 2)], [0, 2]),
        ([(1, 1), (1, 2), (1, 0)], [1]),
        ([(1, 1), (1, 1), (1, 1)], [0]),
        ([(2, 5), (1, 1), (2, 5), (1, 1)], [1, 0]),
        ([(0, -np.pi), (-1, -4), (0.5, -np.pi)], [1, 0]),
        ([], []),
    ],
    ids=[
        "one",
        "chain",
        "one beats all",
        "tie in merit",
        "tie in cost",
        "same",
        "pairs",
        "signs",
        "none",
    ],
)
def test_known_fronts(points: list[tuple[float, float]], front: list[int]) -> None:
    cost, merit = np.array(points, dtype=float).reshape(-1, 2).T
    assert pareto_front(cost, merit).tolist() == front


def is_beaten(cost: np.ndarray, merit: np.ndarray, row: int) -> bool:
    no_worse = (cost <= cost[row]) & (merit >= merit[row])
    better = (cost < cost[row]) | (merit > merit[row])
    return bool((no_worse & better).any())


@pytest.mark.parametrize("seed", range(5))
def test_front_is_what_nobody_beats(seed: int) -> None:
    cost, merit = np.random.default_rng(seed).integers(0, 12, (2, 150)).astype(float)
    front = pareto_front(cost, merit)
    unbeaten = {(cost[i], merit[i]) for i in range(150) if not is_beaten(cost, merit, i)}
    assert [(cost[i], merit[i]) for i in front] == sorted(unbeaten)
    assert all(merit[a] < merit[b] and cost[a] < cost[b] for a, b in pairwise(front))


def test_front_of_fronts_is_the_front_of_all() -> None:
    cost, merit = np.random.default_rng(3).integers(0, 20, (2, 300)).astype(float)
    kept = np.array([], dtype=int)
    for part in np.split(np.arange(300), 6):
        rows = np.concatenate([kept, part])
        kept = rows[pareto_front(cost[rows], merit[rows])]
    assert kept.tolist() == pareto_front(cost, merit).tolist()


def test_front_only_knows_order() -> None:
    cost, merit = np.random.default_rng(1).uniform(1, 9, (2, 100))
    assert (pareto_front(cost, merit) == pareto_front(np.log(cost), merit**3 - 5)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, 1])
def test_what_has_no_place_in_an_order_is_refused(bad: float, where: int) -> None:
    points = np.ones((2, 4))
    points[where, 2] = bad
    with pytest.raises(ValueError, match="finite"):
        pareto_front(*points)


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [(0, []), (1, [5]), (2, [0, 5]), (3, [0, 3, 5]), (100, [0, 1, 2, 3, 4, 5])],
)
def test_chosen_designs_are_spread_over_the_costs(wanted: int, positions: list[int]) -> None:
    cost = np.array([0.0, 0.1, 0.2, 0.5, 0.9, 1.0])
    assert spread_along(cost, wanted).tolist() == positions


def test_nothing_is_chosen_from_an_empty_front() -> None:
    assert spread_along(np.array([]), 3).tolist() == []


def test_first_merit_is_the_default_and_unknown_ones_are_refused() -> None:
    objectives = Objectives(COST, MERITS)
    assert objectives.merit().name == "mean"
    assert objectives.merit("least").name == "least"
    with pytest.raises(BadInput, match="'most'; there are: mean, least"):
        objectives.merit("most")
