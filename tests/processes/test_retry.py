"""The retry policy: who is asked again, when, how often, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matops.processes.retry import RetryPolicy


class Failing:
    """Fails so often, noting when it was called."""

    def __init__(self, times: int, error: Callable[[], Exception]) -> None:
        self.left, self.error = times, error
        self.called_s: list[float] = []

    def __call__(self) -> str:
        self.called_s.append(time.monotonic())
        self.left -= 1
        if self.left >= 0:
            raise self.error()
        return "answer"


class Answered(Exception):
    """As the Kubernetes clients raise it."""

    def __init__(self, retry_after: str) -> None:
        self.headers = httpx.Headers({"Retry-After": retry_after} if retry_after else {})


def always(error: BaseException) -> bool:
    return True


@given(attempt=st.integers(1, 12), pause_s=st.floats(0.01, 10.0))
def test_backoff_doubles_with_jitter_of_one_half_up_to_the_longest(
    attempt: int, pause_s: float
) -> None:
    policy = RetryPolicy(pause_s=pause_s, longest_pause_s=20.0)
    whole = pause_s * 2 ** (attempt - 1)
    for _ in range(10):
        assert min(20.0, whole / 2) <= policy.backoff_s(attempt) <= min(20.0, whole)


def test_jitter_differs_from_time_to_time() -> None:
    assert len({RetryPolicy().backoff_s(1) for _ in range(20)}) > 10


def test_retry_after_counts_where_it_is_longer_and_not_for_ever() -> None:
    policy = RetryPolicy(pause_s=1.0, longest_pause_s=30.0)
    assert policy.backoff_s(1, "7") == 7.0
    assert policy.backoff_s(1, "0") >= 0.5
    assert policy.backoff_s(1, "3600") == 30.0
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert policy.backoff_s(1, date) == pytest.approx(20.0, abs=1.5)
    for neither in ("", "soon", "-5", "1e9", "nan"):
        assert policy.backoff_s(1, neither) <= 1.0


@pytest.mark.parametrize(
    "error",
    [
        lambda: Answered("1"),
        lambda: httpx.HTTPStatusError(
            "busy",
            request=httpx.Request("GET", "http://x"),
            response=httpx.Response(503, headers={"Retry-After": "1"}),
        ),
        lambda: _as_s3fs_raises_it("1"),
    ],
)
def test_the_answers_own_time_is_kept_whoever_raised_it(error: Callable[[], Exception]) -> None:
    failing = Failing(2, error)
    assert RetryPolicy(pause_s=0.01).call(failing, always) == "answer"
    first, second, third = failing.called_s
    assert second - first >= 1.0
    assert third - second >= 1.0


def _as_s3fs_raises_it(retry_after: str) -> Exception:
    cause = OSError("answered")
    answer = {"ResponseMetadata": {"HTTPHeaders": {"retry-after": retry_after}}}
    cause.response = answer  # type: ignore[attr-defined]
    error = OSError("busy")
    error.__cause__ = cause
    return error


def test_what_is_not_transient_is_raised_at_once() -> None:
    failing = Failing(9, lambda: ValueError("404"))
    with pytest.raises(ValueError, match="404"):
        RetryPolicy().call(failing, lambda error: isinstance(error, OSError))
    assert len(failing.called_s) == 1


def test_attempts_are_bounded_and_the_last_error_is_told() -> None:
    failing = Failing(9, lambda: OSError(f"number {len(failing.called_s)}"))
    with pytest.raises(OSError, match="number 3"):
        RetryPolicy(attempts=3, pause_s=0.001).call(failing, always)
    assert len(failing.called_s) == 3


def test_time_is_bounded() -> None:
    failing = Failing(10**6, lambda: OSError("gone"))
    begun_s = time.monotonic()
    with pytest.raises(OSError, match="gone"):
        RetryPolicy(attempts=10**6, pause_s=0.1, longest_pause_s=0.1, total_s=0.5).call(
            failing, always
        )
    assert time.monotonic() - begun_s < 2.0
    assert 3 <= len(failing.called_s) <= 11
