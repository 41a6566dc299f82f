"""The first to see a request over HTTP: what is too large, too deep or no JSON goes no further.

KServe reads a body whole before it looks at it, and logs a traceback for each that it refuses.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import orjson

from matops.adapters.prometheus.serving_metrics import Outcome, ServingMetrics
from matops.adapters.release.comparing import COMPARISON
from matops.adapters.serving.http.bodies import read_json
from matops.adapters.serving.limits import Limits
from matops.core.errors import BadInput

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

RETRY_AFTER_SECONDS = 1
_COMPARISON = COMPARISON.encode()
KEPT_HEADERS = (b"host", b"x-request-id", _COMPARISON)
"""KServe reads bodies otherwise under headers of CloudEvents and of binary tensors."""


class HttpRefusal(Exception):
    """A request that is refused, with its status and one line of reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ClientLeft(Exception):
    """The client closed the connection before it had sent its request."""


class Guard:
    """Passes on the requests that the description names, with bodies that keep the limits.

    ``routes`` has the method by path.
    """

    def __init__(
        self,
        application: Application,
        routes: Mapping[str, str],
        limits: Limits,
        metrics: ServingMetrics,
    ) -> None:
        self._application, self._routes = application, routes
        self._limits, self._metrics = limits, metrics
        self._held_bytes = 0
        self.is_draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI asks of an application."""
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        answer = _Answer(send, self.is_draining)
        method = self._routes.get(scope["path"])
        if method is None:
            await answer.refuse(HTTPStatus.NOT_FOUND, f"there is nothing at {scope['path']!r}")
        elif scope["method"] != method:
            await answer.refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"only {method} is answered here")
        elif method == "GET":
            await self._application(scope, receive, answer.send)
        else:
            await self._ask(scope, receive, answer)

    async def _ask(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """A request to predict: read, checked, passed on and counted."""
        began = time.perf_counter()
        held = _Held()
        try:
            body = await self._read(scope, receive, held)
            await self._application(_plain(scope, body), _replay(body, receive), answer.send)
        except HttpRefusal as refusal:
            await answer.refuse(refusal.status, str(refusal))
        except ClientLeft:
            return
        finally:
            self._held_bytes -= held.bytes
            if answer.status and not _is_comparison(scope):
                self._metrics.count_request(_outcome(answer.status), time.perf_counter() - began)

    async def _read(self, scope: Scope, receive: Receive, held: "_Held") -> bytes:
        """The body of a request.

        Raises:
            HttpRefusal: it is too large, too slow or no JSON that keeps the limits.
            ClientLeft: it ended early.
        """
        self._check_size(_declared_bytes(scope))
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for chunk in _chunks(receive):
                    self._hold(chunk, held)
                    chunks.append(chunk)
        except TimeoutError:
            reason = f"the request took more than {self._limits.seconds:g} s to arrive"
            raise HttpRefusal(HTTPStatus.REQUEST_TIMEOUT, reason) from None
        body = b"".join(chunks)
        try:
            read_json(body, self._limits.nesting, "the body")
        except BadInput as error:
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, str(error)) from None
        return body

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._limits.body_bytes:
            reason = f"the body has more than {self._limits.body_bytes} bytes"
            raise HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)

    def _hold(self, chunk: bytes, held: "_Held") -> None:
        self._check_size(held.bytes + len(chunk))
        if self._held_bytes + len(chunk) > self._limits.buffered_bytes:
            raise HttpRefusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many large requests at once")
        held.bytes += len(chunk)
        self._held_bytes += len(chunk)


class _Held:
    """Bytes of one request that are in memory."""

    bytes = 0


class _Answer:
    """The answer to one request, as far as it was sent."""

    def __init__(self, send: Send, is_draining: bool) -> None:
        self._send, self._is_draining = send, is_draining
        self.status = 0  # of HTTP; 0 until there is one

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on; a server that ends asks for no more on this connection."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._is_draining:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
        await self._send(message)

    async def refuse(self, status: HTTPStatus, reason: str) -> None:
        """Answer with a status and one line; the rest of the request is not read."""
        body = orjson.dumps({"error": " ".join(reason.split())})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
        self._is_draining = False
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_comparison(scope: Scope) -> bool:
    return any(name == _COMPARISON for name, _ in scope["headers"])


def _outcome(status: int) -> Outcome:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "overloaded"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "error"
    return "bad_input" if status >= HTTPStatus.BAD_REQUEST else "ok"


def _declared_bytes(scope: Scope) -> int:
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0


async def _chunks(receive: Receive):  # type: ignore[no-untyped-def]
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _plain(scope: Scope, body: bytes) -> Scope:
    """The request as one with a JSON body and nothing special."""
    kept = [header for header in scope["headers"] if header[0] in KEPT_HEADERS]
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {**scope, "headers": [*kept, *own]}


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, and after it what comes from the client."""
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    return again
