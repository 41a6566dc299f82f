"""One connection over HTTP, before there is a request that the guard could look at."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from matops.adapters.serving.limits import Limits


class Connection(HttpToolsProtocol):
    """uvicorn's, which would wait for a request's headers forever and hold any number of them."""

    def __init__(self, limits: Limits, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._limits = limits
        self._head_bytes = 0
        self._is_in_head = True
        self._too_slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
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
        """A request begins with its headers."""
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """From here on the guard looks."""
        super().on_headers_complete()
        self._is_in_head = False
        self._stop_waiting()

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
