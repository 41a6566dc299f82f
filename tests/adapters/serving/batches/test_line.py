"""When a process that computes is given its next batch."""

from typing import Any, cast

import pytest

from matops.adapters.serving.batches.line import Line, Waiting
from matops.processes.lane import Lane


def waiting(samples: int = 1, is_suspect: bool = False) -> Waiting:
    return Waiting([{}] * samples, cast(Any, None), is_suspect)


def line(*batches: list[Waiting]) -> Line:
    return Line(cast(Lane, None), list(batches))


@pytest.mark.parametrize("waiting_samples", [1, 100])
def test_an_idle_process_takes_whatever_waits(waiting_samples: int) -> None:
    assert line().takes(waiting(), waiting_samples)
    assert line().takes(waiting(is_suspect=True), waiting_samples)


def test_a_busy_process_takes_as_much_as_it_is_at() -> None:
    busy = line([waiting(3), waiting(2)])
    assert not busy.takes(waiting(), 4)
    assert busy.takes(waiting(), 5)


def test_two_batches_are_enough() -> None:
    assert not line([waiting()], [waiting()]).takes(waiting(), 100)


def test_a_suspect_is_alone_in_its_process() -> None:
    assert not line([waiting()]).takes(waiting(is_suspect=True), 100)
    assert not line([waiting(is_suspect=True)]).takes(waiting(), 100)


def test_a_dead_process_takes_nothing() -> None:
    dead = line()
    dead.is_broken = True
    assert not dead.takes(waiting(), 1)
