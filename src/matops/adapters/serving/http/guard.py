"""The first to see a request over HTTP: what is too large or has no place here goes no further.

Requests for predictions go to the processes that compute as they are; the others are KServe's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from matops.adapters.prometheus.serving_metrics import ServingMetrics
from matops.adapters.release.comparing import COMPARISON, is_comparison
from matops.adapters.serving.budget import Budget, Full
from matops.adapters.serving.http.answering import (
    STATUSES,
    Application,
    HttpAnswer,
    HttpRefusal,
    Receive,
    Scope,
    Send,
    outcome_of,
)
from matops.adapters.serving.http.connection import LEAVING
from matops.adapters.serving.http.routes import Routes
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Answer, Asked, Protocol

Ask = Callable[[Asked], Awaitable[Answer]]
Count = Callable[[Answer], None]

_COMPARISON = COMPARISON.encode()
_JSON_LENGTH = b"inference-header-content-length"


class ClientLeft(Exception):
    """The client closed the connection before it had its answer."""


class Guard:
    """Passes on the requests that the description names, with bodies that keep the limits.

    Args:
        application: answers what is no request for predictions.
        routes: what is answered at all.
        ask: has one answered.
        count: is told of each answer that is no comparison.
        budget: of bytes in memory.
        limits: of one request.
        metrics: of all.
        token: which marks a request as a comparison; empty where none is.
    """

    def __init__(
        self,
        application: Application,
        routes: Routes,
        ask: Ask,
        count: Count,
        budget: Budget,
        limits: Limits,
        metrics: ServingMetrics,
        token: str = "",
    ) -> None:
        self._application, self._routes = application, routes
        self._ask_model, self._count = ask, count
        self._budget, self._limits, self._metrics = budget, limits, metrics
        self._token = token
        self.is_draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI asks of an application."""
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        answer = HttpAnswer(send, self.is_draining)
        path = scope["path"]
        method = self._routes.methods.get(path)
        if method is None:
            await answer.refuse(HTTPStatus.NOT_FOUND, f"there is nothing at {path!r}")
        elif scope["method"] != method:
            await answer.refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"only {method} is answered here")
        elif protocol := self._routes.asking.get(path):
            await self._answer(scope, receive, answer, protocol)
        else:
            scope["path"] = self._routes.aliases.get(path, path)
            await self._application(scope, receive, answer.send)

    async def _answer(
        self, scope: Scope, receive: Receive, answer: HttpAnswer, protocol: Protocol
    ) -> None:
        """A request to predict: read, passed on, answered and counted."""
        began = time.perf_counter()
        headers = dict(scope["headers"])
        is_counted = not is_comparison(headers.get(_COMPARISON), self._token)
        try:
            made = await self._made(scope, headers, receive, protocol)
            if made.outcome != "ok":
                raise HttpRefusal(STATUSES[made.outcome], made.reason)
            if is_counted:
                self._count(made)
            await answer.give(made)
        except HttpRefusal as refusal:
            await answer.refuse(refusal.status, str(refusal))
        except ClientLeft:
            return
        finally:
            if answer.status and is_counted:
                taken_s = time.perf_counter() - began
                self._metrics.count_request(outcome_of(answer.status), taken_s)

    async def _made(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, protocol: Protocol
    ) -> Answer:
        """The answer; the request's bytes are in memory no longer than until there is one.

        Raises:
            HttpRefusal: it can't be read.
            ClientLeft: nobody waits for it any more.
        """
        held = _Held(self._budget)
        try:
            body = await self._body(headers, receive, held)
            asked = Asked(protocol, body, _json_bytes(headers))
            with _Leaving(scope):
                return await self._ask_model(asked)
        finally:
            self._budget.release(held.bytes)

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive, held: "_Held") -> bytes:
        """The body of a request.

        Raises:
            HttpRefusal: it is too large, too slow or packed.
            ClientLeft: it ended early.
        """
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body uncompressed")
        declared = headers.get(b"content-length", b"0")
        self._check_size(int(declared) if declared.isdigit() else 0)
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientLeft
                    chunk = message.get("body", b"")
                    self._check_size(held.bytes + len(chunk))
                    held.add(len(chunk))
                    chunks.append(chunk)
                    if not message.get("more_body"):
                        return b"".join(chunks)
        except TimeoutError:
            reason = f"the request took more than {self._limits.seconds:g} s to arrive"
            raise HttpRefusal(HTTPStatus.REQUEST_TIMEOUT, reason) from None

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._limits.body_bytes:
            reason = f"the body has more than {self._limits.body_bytes} bytes"
            raise HttpRefusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)


class _Held:
    """Bytes of one request that are in memory."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.bytes = 0

    def add(self, more: int) -> None:
        """Hold more.

        Raises:
            HttpRefusal: there is no room.
        """
        try:
            self._budget.hold(more, self.bytes)
        except Full as full:
            raise HttpRefusal(HTTPStatus.SERVICE_UNAVAILABLE, str(full)) from None
        self.bytes += more


class _Leaving:
    """Turns the end of a connection into ``ClientLeft``; nobody would read the answer."""

    def __init__(self, scope: Scope) -> None:
        self._callbacks: list[Callable[[], object]] = scope.get(LEAVING, [])
        self._task = asyncio.current_task()
        self._has_left = False

    def __enter__(self) -> None:
        self._callbacks.append(self._leave)

    def _leave(self) -> None:
        self._has_left = True
        if self._task:
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._callbacks.remove(self._leave)
        if self._has_left and kind is asyncio.CancelledError:
            raise ClientLeft


def _json_bytes(headers: Mapping[bytes, bytes]) -> int | None:
    """Length of the JSON of a request with binary tensors.

    Raises:
        HttpRefusal: it is no number.
    """
    length = headers.get(_JSON_LENGTH)
    if length is None:
        return None
    if not length.isdigit() or len(length) > 12:
        reason = f"{_JSON_LENGTH.decode()} is not a number of bytes"
        raise HttpRefusal(HTTPStatus.BAD_REQUEST, reason)
    return int(length)
