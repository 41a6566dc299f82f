"""A local HTTP server on a free port: what servers of tests have in common."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalHandler(BaseHTTPRequestHandler):
    """One request; says nothing of it in the log."""

    def body(self) -> bytes:
        """What the request has beside its headers."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def say(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def say_json(self, status: int, answer: object) -> None:
        """Answer as an API does."""
        self.say(status, json.dumps(answer).encode(), {"content-type": "application/json"})

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def local_server(handler: type[LocalHandler], **bound: object) -> Iterator[str]:
    """URL of a server; what is bound is an attribute of every request's handler."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (handler,), bound))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
