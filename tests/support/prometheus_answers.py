"""A local server that gives one answer to every question to Prometheus, and keeps the questions.

It is for answers that a Prometheus in health does not give, and for the questions' wording. That
these questions mean what they should is shown on a real one: tests/adapters/prometheus
(test_monitor_live.py and the end of test_api.py) and tests/entrypoints/monitoring.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from matops.adapters.prometheus.api import PrometheusApi
from tests.support.local_server import LocalHandler, local_server


@contextmanager
def answering(
    status: int, content: bytes, asked: list[Any] | None = None
) -> Iterator[PrometheusApi]:
    """A way to ask it; what was asked is path and fields."""

    class Handler(LocalHandler):
        def do_POST(self) -> None:
            body = self.body().decode()
            if asked is not None:
                asked.append((self.path, {name: v[0] for name, v in parse_qs(body).items()}))
            self.say(status, content)

    with local_server(Handler) as url:
        yield PrometheusApi(f"{url}/", timeout_s=2)


def answer(kind: str, result: list[Any]) -> bytes:
    """What Prometheus says where it has a result."""
    content = {"status": "success", "data": {"resultType": kind, "result": result}}
    return json.dumps(content).encode()
