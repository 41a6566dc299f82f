"""Answers over HTTP, and how refusals look: one line in one form, whatever was refused."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import orjson

from matops.adapters.prometheus import serving_metrics
from matops.adapters.serving.protocols.asked import Answer, Outcome

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

RETRY_AFTER_SECONDS = 1
STATUSES: Mapping[Outcome, HTTPStatus] = {
    "ok": HTTPStatus.OK,
    "bad_input": HTTPStatus.BAD_REQUEST,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not_found": HTTPStatus.NOT_FOUND,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "error": HTTPStatus.INTERNAL_SERVER_ERROR,
}
_JSON = (b"content-type", b"application/json")
_MIXED = (b"content-type", b"application/octet-stream")


class HttpRefusal(Exception):
    """A request that is refused, with its status and one line of reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class HttpAnswer:
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

    async def give(self, answer: Answer) -> None:
        """Answer with predictions."""
        headers = [(b"content-length", b"%d" % len(answer.body))]
        if answer.json_bytes is None:
            headers.append(_JSON)
        else:
            length = b"%d" % answer.json_bytes
            headers += [_MIXED, (b"inference-header-content-length", length)]
        await self._whole(HTTPStatus.OK, headers, answer.body)

    async def refuse(self, status: HTTPStatus, reason: str) -> None:
        """Answer with a status and one line; the rest of the request is not read."""
        body = error_body(reason)
        headers = [_JSON, (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
        self._is_draining = False
        await self._whole(status, headers, body)

    async def _whole(
        self, status: HTTPStatus, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        await self.send({"type": "http.response.start", "status": int(status), "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def error_body(reason: str) -> bytes:
    """How every refusal looks."""
    return orjson.dumps({"error": " ".join(reason.split())})


def outcome_of(status: int) -> serving_metrics.Outcome:
    """What a status counts as."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "overloaded"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "error"
    return "bad_input" if status >= HTTPStatus.BAD_REQUEST else "ok"
