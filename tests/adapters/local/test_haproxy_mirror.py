"""A real HAProxy sends copies of requests to a candidate, and nobody waits for it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from matops.adapters.local.haproxy import HELD_BYTES, HAProxy, ProxiedServer
from matops.adapters.local.haproxy_mirror import MOST_UNDER_WAY
from tests.support.servers import free_port

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs haproxy on the PATH"),
]


class Arm:
    """A server that remembers what it was asked, and may take its time."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, dict[str, str]]] = []
        self.pause_s = 0.0
        arm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"ready")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                arm.asked.append((self.path, body, dict(self.headers.items())))
                time.sleep(arm.pause_s)
                self._answer(body)

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def soon(self, count: int) -> None:
        """Wait for so many requests, and a moment for one too many."""
        deadline = time.monotonic() + 20
        while len(self.asked) < count:
            assert time.monotonic() < deadline, len(self.asked)
            time.sleep(0.05)
        time.sleep(0.2)
        assert len(self.asked) == count


@pytest.fixture
def arms() -> Iterator[tuple[Arm, Arm]]:
    champion, candidate = Arm(), Arm()
    yield champion, candidate
    for arm in (champion, candidate):
        arm.server.shutdown()


@pytest.fixture
def front(tmp_path: Path, arms: tuple[Arm, Arm]) -> Iterator[tuple[HAProxy, str]]:
    proxy, port = HAProxy(tmp_path, "127.0.0.1"), free_port()
    proxy.configure(port, {"champion": ProxiedServer("champion", arms[0].port, 100)})
    proxy.start()
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while httpx.get(f"{url}/v2/health/ready").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield proxy, url
    proxy.process.stop(0)


def test_requests_are_copied_while_asked_for(
    front: tuple[HAProxy, str], arms: tuple[Arm, Arm]
) -> None:
    (proxy, url), (champion, candidate) = front, arms
    path = "/v1/models/elastic_cgcnn:predict"
    headers = {"content-type": "application/octet-stream", "inference-header-content-length": "7"}

    def post(body: bytes) -> None:
        answer = httpx.post(url + path, content=body, headers=headers)
        assert (answer.status_code, answer.content) == (200, body)

    post(b"before")
    proxy.mirror(candidate.port)
    proxy.mirror(candidate.port)
    bodies = [b'{"instances": [%d]}' % n for n in range(9)]
    for body in bodies:
        post(body)
    candidate.soon(9)
    assert sorted(body for _, body, _ in candidate.asked) == bodies
    assert {at for at, _, _ in candidate.asked} == {path}
    copied = {name.lower(): value for name, value in candidate.asked[0][2].items()}
    assert headers.items() <= copied.items()
    httpx.get(url + "/v2/health/ready")
    post(b"x" * (HELD_BYTES + 1))
    proxy.mirror(None)
    post(b"after")
    candidate.soon(9)
    champion.soon(12)


def test_a_candidate_that_hangs_or_is_gone_costs_clients_nothing(
    front: tuple[HAProxy, str], arms: tuple[Arm, Arm]
) -> None:
    (proxy, url), (champion, candidate) = front, arms
    candidate.pause_s = 20.0
    proxy.mirror(candidate.port)
    began = time.monotonic()
    with httpx.Client() as client:
        for _ in range(MOST_UNDER_WAY + 9):
            assert client.post(url, content=b"{}").status_code == 200
    assert time.monotonic() - began < candidate.pause_s
    candidate.soon(MOST_UNDER_WAY)
    proxy.mirror(free_port())
    assert httpx.post(url, content=b"{}").status_code == 200
    champion.soon(MOST_UNDER_WAY + 10)
