"""When a process that computes is given its next batch."""

from typing import Any, cast

import pytest

from matops.adapters.serving.batches.batch_worker import BatchWorker, Waiting
from matops.processes.worker_process import WorkerProcess


def waiting(samples: int = 1, is_suspect: bool = False) -> Waiting:
    return Waiting([{}] * samples, cast(Any, None), is_suspect)


def worker(*batches: list[Waiting]) -> BatchWorker:
    return BatchWorker(cast(WorkerProcess, None), list(batches))


@pytest.mark.parametrize("waiting_samples", [1, 100])
def test_an_idle_process_takes_whatever_waits(waiting_samples: int) -> None:
    assert worker().takes(waiting(), waiting_samples)
    assert worker().takes(waiting(is_suspect=True), waiting_samples)


def test_a_busy_process_takes_as_much_as_it_is_at() -> None:
    busy = worker([waiting(3), waiting(2)])
    assert not busy.takes(waiting(), 4)
    assert busy.takes(waiting(), 5)


def test_two_batches_are_enough() -> None:
    assert not worker([waiting()], [waiting()]).takes(waiting(), 100)


def test_a_suspect_is_alone_in_its_process() -> None:
    assert not worker([waiting()]).takes(waiting(is_suspect=True), 100)
    assert not worker([waiting(is_suspect=True)]).takes(waiting(), 100)


def test_a_dead_process_takes_nothing() -> None:
    dead = worker()
    dead.is_broken = True
    assert not dead.takes(waiting(), 1)
