"""A local server that gives one answer to every question to Prometheus, and keeps the questions.

It is for answers that a Prometheus in health does not give, and for the questions' wording. That
these questions mean what they should is shown on a real one: tests/adapters/prometheus
(test_monitor_live.py and the end of test_api.py) and tests/entrypoints/monitoring.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from matops.adapters.prometheus.api import PrometheusApi


@contextmanager
def answering(
    status: int, content: bytes, asked: list[Any] | None = None
) -> Iterator[PrometheusApi]:
    """A way to ask it; what was asked is path and fields."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            if asked is not None:
                asked.append((self.path, {name: v[0] for name, v in parse_qs(body).items()}))
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield PrometheusApi(f"http://127.0.0.1:{server.server_port}/", timeout_s=2)
    finally:
        server.shutdown()
        server.server_close()


def answer(kind: str, result: list[Any]) -> bytes:
    """What Prometheus says where it has a result."""
    content = {"status": "success", "data": {"resultType": kind, "result": result}}
    return json.dumps(content).encode()
