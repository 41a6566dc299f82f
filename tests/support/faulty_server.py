"""``matops serve`` with one fault: ``python -m tests.support.faulty_server PACKAGE --port ...``.

The real server of the real model; only what the package's ``fault.json`` names goes wrong.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from typing import Any

from prometheus_client import REGISTRY

from matops.adapters.serving import server
from matops.adapters.serving.batches.batching import Batcher, Failed
from matops.core.quality.prediction import Prediction
from tests.support.release_faults import fault_of

INJECTED = "injected by the test"
EVERY = 20
"""One request in so many fails: 5 %."""
SLOWER = 3
BEFORE_THE_END = 60
"""Requests that are answered well before the process or its metrics go."""


class Faulty(Batcher):
    """A batcher that counts the requests it answers."""

    asked = 0

    async def ask(self, payloads: Sequence[Any]) -> list[Prediction]:
        self.asked += 1
        return await super().ask(payloads)


class Failing(Faulty):
    async def ask(self, payloads: Sequence[Any]) -> list[Prediction]:
        answers = await super().ask(payloads)
        if self.asked % EVERY == 0:
            raise Failed(INJECTED)
        return answers


class Slow(Faulty):
    async def ask(self, payloads: Sequence[Any]) -> list[Prediction]:
        began = time.perf_counter()
        answers = await super().ask(payloads)
        await asyncio.sleep((SLOWER - 1) * (time.perf_counter() - began))
        return answers


class Wrong(Faulty):
    async def ask(self, payloads: Sequence[Any]) -> list[Prediction]:
        return [_doubled(answer) for answer in await super().ask(payloads)]


class Crashing(Faulty):
    async def ask(self, payloads: Sequence[Any]) -> list[Prediction]:
        if self.asked == BEFORE_THE_END:
            os.kill(os.getpid(), SIGKILL)
        return await super().ask(payloads)


class Invisible(Faulty):
    async def ask(self, payloads: Sequence[Any]) -> list[Prediction]:
        if self.asked == BEFORE_THE_END:
            for collector in list(REGISTRY._collector_to_names):
                REGISTRY.unregister(collector)
        return await super().ask(payloads)


def _doubled(answer: Prediction) -> Prediction:
    estimates = {
        name: replace(e, value=2 * e.value, lower=2 * e.lower, upper=2 * e.upper)
        for name, e in answer.estimates.items()
    }
    return replace(answer, estimates=estimates)


FAULTS: dict[str, Callable[..., Batcher]] = {
    "": Batcher,
    "fails 5 %": Failing,
    "three times slower": Slow,
    "wrong answers": Wrong,
    "crashes": Crashing,
    "metrics vanish": Invisible,
}


if __name__ == "__main__":
    from matops.entrypoints.cli import main

    fault = fault_of(Path(sys.argv[1]))
    if fault == "never ready":
        time.sleep(3600)
    server.Batcher = FAULTS[fault]  # type: ignore[misc,assignment]
    sys.argv = ["matops", "serve", *sys.argv[1:]]
    main()
