"""One retry policy for every server: exponential backoff with jitter, Retry-After, two bounds."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

T = TypeVar("T")

OVERLOADED = (429, 502, 503, 504)
"""Statuses of a server that is overloaded, restarted or behind a proxy: the same may succeed."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and for how long, the same is tried."""

    attempts: int = 5  # at most
    # before the second attempt; it doubles each time. Half of it is jitter, so that clients that
    # failed together don't come back together
    pause_s: float = 0.5
    longest_pause_s: float = 30.0  # between two attempts, whatever a server's Retry-After asks for
    total_s: float = 120.0  # after the first attempt began, no other one begins

    def backoff_s(self, attempt: int, retry_after: str = "") -> float:
        """Pause after an attempt, counted from 1; Retry-After where the server asks for more."""
        own = self.pause_s * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)
        return min(self.longest_pause_s, max(own, _seconds(retry_after)))

    def call(self, function: Callable[[], T], is_transient: Callable[[BaseException], bool]) -> T:
        """What a function returns, called anew while what it raises is transient.

        A function that is not idempotent must not be called through here.
        """
        # Not needed by whoever imports the policy for its numbers only.
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_before_delay

        def wait_s(state: Any) -> float:
            return self.backoff_s(state.attempt_number, _retry_after(state.outcome.exception()))

        return Retrying(
            retry=retry_if_exception(is_transient),
            stop=stop_after_attempt(self.attempts) | stop_before_delay(self.total_s),
            wait=wait_s,
            sleep=time.sleep,
            reraise=True,
        )(function)


RETRY = RetryPolicy()
"""For whoever has no reason for another one."""


def _retry_after(error: Any) -> str:
    """The header of the answer that an error carries, whichever client raised it."""
    cause = getattr(error, "__cause__", None)
    for answer in (error, getattr(error, "response", None), getattr(cause, "response", None)):
        if isinstance(answer, dict):  # botocore's
            headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        else:
            headers = getattr(answer, "headers", None) or {}
        if headers.get("retry-after"):
            return str(headers["retry-after"])
    return ""


def _seconds(retry_after: str) -> float:
    """From either form of RFC 9110, seconds or a date; 0 for none, or what is neither."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
