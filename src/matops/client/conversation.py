"""What is asked, when it is asked again, and what an answer means; without any transport.

A conversation yields what the transport must do (ask, or pause) and is sent what came of it. The
two clients differ in how they wait only.
"""

import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import httpx

from matops.client.errors import NoAnswer, Refused

AGAIN = (
    httpx.codes.BAD_GATEWAY,
    httpx.codes.SERVICE_UNAVAILABLE,
    httpx.codes.GATEWAY_TIMEOUT,
)
"""Statuses after which the same request may succeed."""


@dataclass(frozen=True)
class Patience:
    """How long a client waits, and how often it asks again.

    A prediction changes nothing on the server: each request may be repeated.

    Attributes:
        timeout_s: of one attempt.
        attempts: at most.
        pause_s: before the second attempt; it doubles each time, with jitter. A server's
            Retry-After is kept where it is longer.
        longest_pause_s: between two attempts.
    """

    timeout_s: float = 30.0
    attempts: int = 6
    pause_s: float = 0.1
    longest_pause_s: float = 5.0


@dataclass(frozen=True)
class Ask:
    """One attempt: a request to send."""

    method: str
    path: str
    body: bytes | None = None


@dataclass(frozen=True)
class Pause:
    """A time to wait."""

    seconds: float


Conversation = Generator[Ask | Pause, httpx.Response | httpx.HTTPError | None, dict[str, Any]]


def converse(url: str, ask: Ask, patience: Patience) -> Conversation:
    """Ask until there is an answer.

    Raises:
        Refused: the server refuses the request.
        NoAnswer: there was none in all attempts, or it is no model server's.
    """
    reply: httpx.Response | httpx.HTTPError | None = None
    for attempt in range(patience.attempts):
        if attempt:
            yield Pause(_pause_s(attempt, patience, reply))
        reply = yield ask
        if isinstance(reply, httpx.Response) and reply.status_code not in AGAIN:
            return _content(url, reply)
    raise NoAnswer(url, _reason(reply))


def _pause_s(
    attempt: int, patience: Patience, reply: httpx.Response | httpx.HTTPError | None
) -> float:
    # Half of it is chance, so that clients that failed together don't come back together.
    own = patience.pause_s * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)
    asked = reply.headers.get("retry-after", "") if isinstance(reply, httpx.Response) else ""
    return min(patience.longest_pause_s, max(own, float(asked) if asked.isdecimal() else 0.0))


def _reason(reply: httpx.Response | httpx.HTTPError | None) -> str:
    if isinstance(reply, httpx.Response):
        return f"{reply.status_code}: {_said(reply)}"
    return f"no answer: {reply}"


def _said(reply: httpx.Response) -> str:
    try:
        content = reply.json()
    except ValueError:
        content = None
    said = content.get("error") if isinstance(content, dict) else None
    return " ".join(str(said or f"{reply.reason_phrase}, but not a model server's answer").split())


def _content(url: str, reply: httpx.Response) -> dict[str, Any]:
    if reply.status_code != httpx.codes.OK:
        raise Refused(url, reply.status_code, _said(reply))
    try:
        content = reply.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise NoAnswer(url, "the answer is not a model server's")
    return content
