"""Asking a server: the same answer as from the package, or one line that says why not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from matops.adapters.model_client import ask_server, served_family
from matops.artifacts.package import load_predictor, read_golden
from matops.core.errors import BadInput

if TYPE_CHECKING:
    from tests.conftest import Released

FAMILY = "elastic_cgcnn"


@contextmanager
def server_that_says(status: int, content: bytes) -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def dead_url() -> str:
    with server_that_says(200, b"") as url:
        return url


def refusal(url: str) -> str:
    with pytest.raises(BadInput) as caught:
        ask_server(url, FAMILY, [{"cif": ""}])
    assert "\n" not in str(caught.value)
    assert url in str(caught.value)
    return str(caught.value)


def test_a_server_and_its_package_give_the_same_predictions(
    served: str, released: Released
) -> None:
    requests = read_golden(released.package).requests
    here = load_predictor(released.package).predict(requests)
    there = ask_server(served + "/", served_family(served), requests)
    assert len(there) == len(here)
    for local, remote in zip(here, there, strict=True):
        assert remote.model_version == local.model_version
        assert remote.derived.keys() == local.derived.keys()
        for name, estimate in local.estimates.items():
            assert remote.estimates[name].value == pytest.approx(estimate.value, rel=1e-5)


def test_a_refused_request_carries_the_servers_reason(served: str) -> None:
    reason = refusal(served)
    assert "400" in reason
    assert "CIF" in reason


def test_a_server_that_is_down_is_named(dead_url: str) -> None:
    assert "no answer" in refusal(dead_url)
    with pytest.raises(BadInput, match="no answer"):
        served_family(dead_url)


def test_a_server_without_a_model_is_named() -> None:
    with (
        server_that_says(200, b'{"models": []}') as url,
        pytest.raises(BadInput, match="no model"),
    ):
        served_family(url)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (502, b"<html>bad gateway</html>"),
        (500, b'["not", "an object"]'),
        (200, b"<html>a captive portal</html>"),
        (200, b'["not", "an object"]'),
        (200, b'{"outputs": []}'),
        (200, b'{"predictions": []}'),
        (200, json.dumps({"predictions": [{"energy": 1.0}]}).encode()),
    ],
)
def test_what_is_no_model_servers_answer_is_one_line(status: int, content: bytes) -> None:
    with server_that_says(status, content) as url:
        refusal(url)
