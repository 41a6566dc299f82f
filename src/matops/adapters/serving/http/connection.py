"""One connection over HTTP, before there is a request that the guard could look at."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from matops.adapters.serving.http.answering import error_body
from matops.adapters.serving.limits import Limits

LEAVING = "matops.leaving"
"""In a request's scope: what is called when its connection ends."""
MOST_PIPELINED = 32
"""Requests on one connection that wait for the answer to the one before: to take in the thousands
that have room in one piece of data would hold up everybody."""


class _TooManyPipelined(Exception):
    """Stops the parser in the middle of a piece of data."""


class Connection(HttpToolsProtocol):
    """uvicorn's, which would wait forever, for headers and for a client that reads nothing."""

    def __init__(self, limits: Limits, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._limits = limits
        self._head_bytes = 0
        self._is_in_head = True
        self._too_slow: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._leaving: list[Callable[[], object]] = []

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more, and let nobody work for it."""
        self._stop_waiting()
        self._stop_watching()
        for leave in list(self._leaving):
            leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless that would be too much before the headers are complete."""
        # Those that begin in the middle of a chunk have their first one for nothing.
        held = self._head_bytes + len(data) if self._is_in_head else 0
        super().data_received(data)
        if not self._is_in_head:
            return
        self._head_bytes = held
        if self._head_bytes > self._limits.header_bytes:
            self._refuse(f"The headers have more than {self._limits.header_bytes} bytes.")
        elif self._too_slow is None:
            self._wait()

    def on_message_begin(self) -> None:
        """A request begins with its headers; too many that wait already end the connection."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise _TooManyPipelined
        super().on_message_begin()
        self.scope[LEAVING] = self._leaving  # type: ignore[literal-required]
        self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """From here on the guard looks."""
        super().on_headers_complete()
        self._is_in_head = False
        self._stop_waiting()

    def on_response_complete(self) -> None:
        """Where this was the last answer, the client has so long to read it."""
        super().on_response_complete()
        self._end_soon()

    def pause_writing(self) -> None:
        """The client does not read: not for long."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._limits.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read on."""
        super().resume_writing()
        self._stop_watching()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, in the form of all refusals."""
        if len(self.pipeline) >= MOST_PIPELINED:
            msg = f"More than {MOST_PIPELINED} requests are waiting on this connection."
        body = error_body(msg)
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
        self._end_soon()

    def _end_soon(self) -> None:
        if self.transport.is_closing() and self._unread is None:
            self._unread = self.loop.call_later(self._limits.seconds, self.transport.abort)

    def _stop_watching(self) -> None:
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def _wait(self) -> None:
        seconds = self._limits.seconds
        words = f"The headers took more than {seconds:g} s to arrive."
        self._too_slow = self.loop.call_later(seconds, self._refuse, words)

    def _stop_waiting(self) -> None:
        if self._too_slow:
            self._too_slow.cancel()
            self._too_slow = None

    def _refuse(self, words: str) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.send_400_response(words)
