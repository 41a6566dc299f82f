"""The last requests: bounded, one a request, and none unless asked for."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import FastAPI

from matops.adapters.release.comparing import RECENT
from matops.adapters.serving.recent import PAUSE_S, RecentRequests


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def told(recent: RecentRequests) -> list[Any]:
    answer = asyncio.run(recent._tell())
    return list(json.loads(bytes(answer.body))["instances"])


def test_the_last_ones_are_told_in_order() -> None:
    clock = Clock()
    recent = RecentRequests(2, clock)
    for number in range(4):
        recent.keep(b'{"cif": %d}' % number)
        clock.now_s += 1.1 * PAUSE_S
    assert told(recent) == [{"cif": 2}, {"cif": 3}]


def test_under_load_only_some_are_kept() -> None:
    clock = Clock()
    recent = RecentRequests(10, clock)
    for number in range(5):
        recent.keep(b'{"cif": %d}' % number)
        clock.now_s += 0.6 * PAUSE_S
    assert told(recent) == [{"cif": 0}, {"cif": 2}, {"cif": 4}]


def test_a_large_sample_is_not_kept() -> None:
    recent = RecentRequests(2, Clock())
    recent.keep(b"")
    assert told(recent) == []


def test_by_default_nothing_is_kept_and_nothing_told() -> None:
    recent, app = RecentRequests(0), FastAPI()
    recent.keep(b'{"cif": 1}')
    recent.attach(app)
    assert recent.routes() == {}
    assert RECENT not in {getattr(route, "path", "") for route in app.routes}
    assert told(recent) == []
