"""What is asked, when it is asked again, and what an answer means; without any transport.

A conversation yields what the transport must do (ask, or pause) and is sent what came of it. The
two clients differ in how they wait only.
"""

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import httpx

from matops.client.errors import NoAnswer, Refused
from matops.processes.retry import OVERLOADED, RetryPolicy


@dataclass(frozen=True)
class Patience(RetryPolicy):
    """How long a client waits, and how often it asks again.

    A prediction changes nothing on the server: each request may be repeated.

    Attributes:
        timeout_s: of one attempt.
    """

    attempts: int = 6
    pause_s: float = 0.1
    longest_pause_s: float = 5.0
    total_s: float = 180.0
    timeout_s: float = 30.0


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
    end = time.monotonic() + patience.total_s
    for attempt in range(patience.attempts):
        if attempt:
            pause_s = patience.backoff_s(attempt, _retry_after(reply))
            if time.monotonic() + pause_s > end:
                break
            yield Pause(pause_s)
        reply = yield ask
        if isinstance(reply, httpx.Response) and reply.status_code not in OVERLOADED:
            return _content(url, reply)
    raise NoAnswer(url, _reason(reply))


def _retry_after(reply: httpx.Response | httpx.HTTPError | None) -> str:
    return reply.headers.get("retry-after", "") if isinstance(reply, httpx.Response) else ""


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
