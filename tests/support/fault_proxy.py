"""A proxy in front of a real S3 server that can go wrong in every way a network can."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ERRORS = {
    500: b"<Error><Code>InternalError</Code><Message>injected</Message></Error>",
    503: b"<Error><Code>ServiceUnavailable</Code><Message>injected</Message></Error>",
}
FAULTS = ("500", "503", "cut request", "cut response", "lost answer", "refused")


@dataclass
class Plan:
    """Which requests go wrong, and how; counted from the last :meth:`set`.

    Attributes:
        fault: one of ``FAULTS``; empty for none.
        first: number of the first request that goes wrong, from 0.
        count: how many in a row do.
        injected: how many did.
    """

    fault: str = ""
    first: int = 0
    count: int = 0
    injected: int = 0
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, fault: str, first: int, count: int) -> None:
        with self._lock:
            self.fault, self.first, self.count = fault, first, count
            self.injected = self._seen = 0

    def clear(self) -> None:
        self.set("", 0, 0)

    def next(self) -> str:
        """What happens to the request that comes now."""
        with self._lock:
            number, self._seen = self._seen, self._seen + 1
            if self.fault and self.first <= number < self.first + self.count:
                self.injected += 1
                return self.fault
            return ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def relay(self) -> None:
        self.close_connection = True
        fault = self.server.plan.next()
        if fault == "refused":
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault.isdigit():
            self._answer(int(fault), {}, ERRORS[int(fault)])
        elif fault == "cut request":
            self._send_half(body)
        else:
            self._pass_on(body, fault)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.server.target_port, timeout=10)

    def _send_head(self, connection: http.client.HTTPConnection) -> None:
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                connection.putheader(name, value)
        connection.endheaders()

    def _send_half(self, body: bytes) -> None:
        connection = self._connect()
        with suppress(OSError):
            self._send_head(connection)
            connection.send(body[: len(body) // 2])
        connection.close()

    def _pass_on(self, body: bytes, fault: str) -> None:
        connection = self._connect()
        try:
            self._send_head(connection)
            connection.send(body)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()
        if fault == "lost answer":
            return
        half = fault == "cut response"
        self._answer(answer.status, dict(answer.getheaders()), content, half)

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, half: bool = False
    ) -> None:
        self.send_response_only(status)
        length = headers.pop("Content-Length", str(len(content)))
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.send_header("Connection", "close")
        if half and not content:
            return
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if half else content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = relay

    def handle(self) -> None:
        # A client that went away is what this is about.
        with suppress(OSError):
            super().handle()

    def log_message(self, *arguments: object) -> None:
        pass


class FaultProxy(ThreadingHTTPServer):
    """The proxy; ``plan`` says what goes wrong next."""

    daemon_threads = True

    def __init__(self, target_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target_port = target_port
        self.plan = Plan()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def running_proxy(target_port: int) -> Iterator[FaultProxy]:
    proxy = FaultProxy(target_port)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
