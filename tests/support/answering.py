"""A local HTTP server that answers as a cluster in memory does, with the faults of a real one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar

Json = dict[str, Any]


def refusal(status: int, message: str) -> tuple[int, Json]:
    return status, {"kind": "Status", "status": "Failure", "message": message, "code": status}


class Answering(Protocol):
    """A cluster as the server asks it."""

    url: str
    faults: list[tuple[str, str]]

    def answer(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        """Status and answer; the path may have a query."""


AnyCluster = TypeVar("AnyCluster", bound=Answering)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    cluster: Answering

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        fault = next((f for m, f in self.cluster.faults if m == self.command), "")
        if fault:
            self.cluster.faults.remove((self.command, fault))
        if fault == "silence":
            time.sleep(1.5)
            return
        if fault.isdigit():
            self._send(*refusal(int(fault), "the server is overloaded"))
            return
        if self.command == "PATCH":
            assert self.headers["content-type"] == "application/merge-patch+json"
        answer = self.cluster.answer(self.command, self.path, body)
        if fault == "lost":  # the write is done, and nobody is told
            self.connection.close()
            return
        self._send(*answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def _send(self, status: int, answer: Json) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running(cluster: AnyCluster) -> Iterator[AnyCluster]:
    """Serve on a free port of this machine."""
    handler = type("BoundHandler", (Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    cluster.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cluster
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
