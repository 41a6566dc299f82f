"""A change of a deployment in a process of its own, which is killed at a step."""

from __future__ import annotations

import os
from multiprocessing import get_context
from signal import SIGKILL

from matops.adapters.local.local_deployment import ServingHost
from matops.adapters.local.local_serving import LocalServing
from matops.core.release.rollout import Rollout
from matops.families import get_family

# Forked from a process that has everything imported and no thread: a start costs milliseconds.
context = get_context("forkserver")
context.set_forkserver_preload([__name__])


def _apply(place: ServingHost, family: str, state: Rollout, step: int) -> None:
    left = step

    def count(_name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), SIGKILL)

    LocalServing(place, count).apply(get_family(family), state)


def apply_until_killed(place: ServingHost, family: str, state: Rollout, step: int) -> bool:
    """Apply a state, and kill at a step, counted from 0; whether it came so far."""
    process = context.Process(target=_apply, args=(place, family, state, step))
    process.start()
    process.join()
    assert process.exitcode in (0, -SIGKILL)
    return process.exitcode != 0
