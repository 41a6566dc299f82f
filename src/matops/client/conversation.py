"""What is asked, when it is asked again, and what an answer means; without any transport.

A conversation yields what the transport must do (ask, or pause) and is sent what came of it. The
two clients differ in how they wait only.
"""

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from matops.client.errors import NoAnswer, Refused
from matops.processes.retry import OVERLOADED, RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True)
class Patience(RetryPolicy):
    """How long a client waits, and how often it asks again.

    A prediction changes nothing on the server: each request may be repeated.
    """

    attempts: int = 6
    pause_s: float = 0.1
    longest_pause_s: float = 5.0
    total_s: float = 180.0
    timeout_s: float = 30.0  # of one attempt


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


Reply = httpx.Response | httpx.HTTPError | None
Conversation = Generator[Ask | Pause, Reply, T]


def converse(url: str, ask: Ask, patience: Patience) -> Conversation[dict[str, Any]]:
    """Ask until there is an answer.

    Raises:
        Refused: the server refuses the request.
        NoAnswer: there was none in all attempts, or it is no model server's.
    """
    reply: Reply = None
    end = time.monotonic() + patience.total_s
    for attempt in range(patience.attempts):
        if attempt:
            headers = reply.headers if isinstance(reply, httpx.Response) else {}
            pause_s = patience.backoff_s(attempt, headers.get("retry-after", ""))
            if time.monotonic() + pause_s > end:
                break
            yield Pause(pause_s)
        reply = yield ask
        if isinstance(reply, httpx.Response) and reply.status_code not in OVERLOADED:
            return _content(url, reply)
    if isinstance(reply, httpx.Response):
        raise NoAnswer(url, f"{reply.status_code}: {_problem(reply)}")
    raise NoAnswer(url, f"no answer: {reply}")


def _json(reply: httpx.Response) -> dict[str, Any] | None:
    try:
        content = reply.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _problem(reply: httpx.Response) -> str:
    """What the server says of it, in one line."""
    problem = (_json(reply) or {}).get("error")
    return " ".join(
        str(problem or f"{reply.reason_phrase}, but not a model server's answer").split()
    )


def _content(url: str, reply: httpx.Response) -> dict[str, Any]:
    if reply.status_code != httpx.codes.OK:
        raise Refused(url, reply.status_code, _problem(reply))
    content = _json(reply)
    if content is None:
        raise NoAnswer(url, "the answer is not a model server's")
    return content
