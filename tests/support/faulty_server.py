"""``matops serve`` with one fault: ``python -m tests.support.faulty_server PACKAGE --port ...``.

The real server of the real model; only what the package's ``fault.json`` names goes wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from typing import Any

from prometheus_client import REGISTRY

from matops.adapters.serving import server
from matops.adapters.serving.batches.batching import Batcher
from matops.adapters.serving.protocols.asked import Answer, Asked, refusal
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

    async def ask(self, asked: Asked) -> Answer:
        self.asked += 1
        return await super().ask(asked)


class Failing(Faulty):
    async def ask(self, asked: Asked) -> Answer:
        answer = await super().ask(asked)
        return refusal("error", INJECTED) if self.asked % EVERY == 0 else answer


class Refusing(Faulty):
    async def ask(self, asked: Asked) -> Answer:
        answer = await super().ask(asked)
        return refusal("bad_input", INJECTED) if self.asked % 5 else answer


class Slow(Faulty):
    async def ask(self, asked: Asked) -> Answer:
        began = time.perf_counter()
        answer = await super().ask(asked)
        await asyncio.sleep((SLOWER - 1) * (time.perf_counter() - began))
        return answer


class Wrong(Faulty):
    async def ask(self, asked: Asked) -> Answer:
        answer = await super().ask(asked)
        if answer.outcome != "ok":
            return answer
        assert asked.protocol == "v1"
        doubled = [_doubled(prediction) for prediction in answer.predictions]
        told = json.loads(answer.body)
        for prediction in told["predictions"]:
            for estimate in prediction["estimates"].values():
                for part in ("value", "lower", "upper"):
                    estimate[part] = None if estimate[part] is None else 2 * estimate[part]
        return replace(answer, body=json.dumps(told).encode(), predictions=doubled)


class Crashing(Faulty):
    async def ask(self, asked: Asked) -> Answer:
        if self.asked == BEFORE_THE_END:
            os.kill(os.getpid(), SIGKILL)
        return await super().ask(asked)


class Invisible(Faulty):
    async def ask(self, asked: Asked) -> Answer:
        if self.asked == BEFORE_THE_END:
            for collector in list(REGISTRY._collector_to_names):
                REGISTRY.unregister(collector)
        return await super().ask(asked)


def _doubled(answer: Prediction) -> Prediction:
    def twice(value: Any) -> Any:
        return None if value is None else 2 * value

    estimates = {
        name: replace(e, value=twice(e.value), lower=twice(e.lower), upper=twice(e.upper))
        for name, e in answer.estimates.items()
    }
    return replace(answer, estimates=estimates)


FAULTS: dict[str, Callable[..., Batcher]] = {
    "": Batcher,
    "fails 5 %": Failing,
    "refuses 80 %": Refusing,
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
