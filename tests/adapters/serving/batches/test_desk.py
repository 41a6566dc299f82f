"""Whose turn it is: what is small never waits for what is large, and what is bad is alone."""

from __future__ import annotations

import json
import signal
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from matops.adapters.serving.batches.course import Model, ring
from matops.adapters.serving.batches.desk import Desk
from matops.adapters.serving.batches.told import Ask, Drop, Turn
from matops.adapters.serving.batches.worker import warm_model
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Answer, Asked
from matops.artifacts.model.package import load_checked
from tests.support.cells import COPPER

if TYPE_CHECKING:
    from tests.conftest import Released

LIMITS = Limits(sample_size=64, request_size=200, pass_samples=4)


@pytest.fixture(scope="module")
def model(released: Released) -> Model:
    return warm_model(partial(load_checked, released.package), LIMITS)


def cubic(edge: int) -> dict[str, Any]:
    """Copper in a simple cubic cell of edge³ atoms."""
    places = [[i / edge, j / edge, k / edge] for i, j, k in product(range(edge), repeat=3)]
    long_A = 2.5 * edge
    lattice_A = [[long_A, 0, 0], [0, long_A, 0], [0, 0, long_A]]
    species = ["Cu"] * len(places)
    return {"crystal": {"lattice_A": lattice_A, "species": species, "frac_coords": places}}


LARGE = cubic(4)
BAD = {"crystal": COPPER["crystal"] | {"species": ["Xx"]}}
OVERLAPPING = {
    "crystal": COPPER["crystal"] | {"species": ["Cu"] * 2, "frac_coords": [[0.0] * 3] * 2}
}


def ask(desk: Desk, number: int, *samples: Any, **more: Any) -> None:
    body = json.dumps({"instances": samples, **more}).encode()
    desk.take(Ask(number, Asked("v1", body)))


def all_turns(desk: Desk) -> list[Turn]:
    turns: list[Turn] = []
    while desk.has_work:
        turns += desk.turns()
    return turns


def answers(turns: list[Turn]) -> dict[int, Answer]:
    return {number: answer for turn in turns for number, answer in turn.answers}


def test_what_is_small_is_answered_in_the_first_round_and_what_is_large_in_steps(
    model: Model,
) -> None:
    desk = Desk(model)
    ask(desk, 1, LARGE, LARGE, LARGE)
    for number in (2, 3, 4):
        ask(desk, number, COPPER)
    turns = all_turns(desk)
    assert [number for number, _ in turns[0].answers] == [2, 3, 4]
    assert turns[0].passes == [3]
    # Three passes, each with its features and the members one by one.
    assert len(turns) > 3 * len(model.predictor.ensemble.networks)
    assert [number for number, _ in turns[-1].answers] == [1]
    large = json.loads(answers(turns)[1].body)["predictions"]
    alone = model.predictor.predict([LARGE])[0].estimates["K_VRH"].value
    values = [each["estimates"]["K_VRH"]["value"] for each in large]
    assert values == pytest.approx([alone] * 3, rel=1e-5)


def test_small_ones_that_come_later_are_not_behind_a_large_one(model: Model) -> None:
    desk = Desk(model)
    ask(desk, 1, LARGE)
    next(iter(desk.turns()))
    ask(desk, 2, COPPER)
    assert [number for number, _ in next(iter(desk.turns())).answers] == [2]
    assert desk.has_work


def test_a_bad_one_fails_alone_and_says_which(model: Model) -> None:
    desk = Desk(model)
    ask(desk, 1, COPPER)
    ask(desk, 2, COPPER, BAD)
    ask(desk, 3, OVERLAPPING)
    ask(desk, 4, BAD, COPPER, on_error="skip")
    found = answers(all_turns(desk))
    outcomes = {number: answer.outcome for number, answer in found.items()}
    assert outcomes == {1: "ok", 2: "bad_input", 3: "bad_input", 4: "ok"}
    assert found[2].reason == "instances[1]: unknown element 'Xx'"
    assert "overlap" in found[3].reason
    first, second = json.loads(found[4].body)["predictions"]
    assert first == {"error": "unknown element 'Xx'"}
    assert second["estimates"]["K_VRH"]["unit"] == "GPa"
    assert len(found[4].predictions) == 1


def test_a_request_is_refused_by_what_its_samples_have_together(model: Model) -> None:
    desk = Desk(model)
    ask(desk, 1, *[LARGE] * 6)
    refused = answers(all_turns(desk))[1]
    assert refused.outcome == "too_large"
    assert "first 4 of 6 samples have 256 atoms" in refused.reason
    assert "at most 200" in refused.reason


def test_what_nobody_waits_for_is_not_computed(model: Model) -> None:
    desk = Desk(model)
    ask(desk, 1, LARGE, LARGE)
    list(desk.turns())
    desk.take(Drop(1))
    assert answers(all_turns(desk)) == {}
    ask(desk, 2, LARGE)
    assert answers(all_turns(desk))[2].outcome == "ok"


def test_more_large_ones_than_can_be_finished_are_told_to_come_again(model: Model) -> None:
    desk = Desk(model)
    for number in range(4):
        ask(desk, number, *[LARGE] * 3)
    found = answers(all_turns(desk))
    outcomes = [found[number].outcome for number in range(4)]
    assert outcomes == ["ok", "ok", "overloaded", "overloaded"]
    assert "384 atoms are being computed already" in found[3].reason
    ask(desk, 9, *[LARGE] * 3)
    assert answers(all_turns(desk))[9].outcome == "ok"


@pytest.mark.timeout(60, method="thread")
def test_a_sample_that_takes_too_long_to_read_is_no_fault_of_the_client(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_payload: Any) -> Any:
        while True:
            pass

    signal.signal(signal.SIGALRM, ring)  # which the tests' own limit took
    monkeypatch.setattr(type(model.predictor.family), "parse", staticmethod(slow))
    desk = Desk(Model(model.predictor, model.spoken, Limits(reading_seconds=0.2)))
    ask(desk, 1, COPPER)
    refused = answers(all_turns(desk))[1]
    assert refused.outcome == "overloaded"
    assert "longer to read" in refused.reason
