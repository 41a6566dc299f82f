"""Questions to a model registry's REST API: retried within bounds, refused in one line."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from matops.core.errors import BadInput
from matops.processes.retry import OVERLOADED, RetryPolicy

TIMEOUT_S = 3.0
RETRY = RetryPolicy(attempts=3, pause_s=0.5, longest_pause_s=2.0, total_s=8.0)
"""A release waits for it: no try begins after 8 s, and each part of one has 3 s."""
LARGEST_ANSWER_BYTES, LONGEST_ANSWER_S = 2**20, 10.0
SHOWN_CHARACTERS = 200
Json = dict[str, Any]


class RegistryHttp:
    """One server.

    Args:
        url: what its paths stand under.
        product: what it is, for people.
        token: of a person or service account; empty for none.
        retry: how often, and for how long, the same is tried.
    """

    def __init__(self, url: str, product: str, token: str = "", retry: RetryPolicy = RETRY) -> None:
        self.url, self.product, self._retry = url.rstrip("/"), product, retry
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **parameters: str) -> Json | None:
        """What stands at a path; None where nothing does.

        Raises:
            BadInput: the server can't be reached, or refuses.
        """
        status, answer = self._ask("GET", path, parameters, None)
        return None if status == httpx.codes.NOT_FOUND else self._accepted(path, status, answer)

    def send(self, method: str, path: str, body: Json) -> Json:
        """The answer to a request that may be sent again: whoever creates has looked before.

        Raises:
            BadInput: the server can't be reached, or refuses.
        """
        return self._accepted(path, *self._ask(method, path, {}, body))

    def create(self, path: str, body: Json) -> Json | None:
        """The answer to a request that is sent once; None where the name is taken already.

        Raises:
            BadInput: the server can't be reached, or refuses.
        """
        status, answer = self._ask("POST", path, {}, body, RetryPolicy(attempts=1))
        taken = answer.get("error_code") == "RESOURCE_ALREADY_EXISTS"
        if taken or status == httpx.codes.CONFLICT:
            return None
        return self._accepted(path, status, answer)

    @contextmanager
    def understood(self) -> Iterator[None]:
        """A block that reads answers; what is not in them, or is something else, is BadInput."""
        try:
            yield
        except BadInput:
            raise
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BadInput(f"{self.url}: not answers of {self.product}") from None

    def _ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: Json | None,
        retry: RetryPolicy | None = None,
    ) -> tuple[int, Json]:
        """Status and answer, whatever they are, of a server that is neither away nor overloaded."""

        def ask() -> tuple[int, bytes]:
            with httpx.stream(
                method,
                f"{self.url}/{path}",
                params=parameters or None,
                json=body,
                headers=self._headers,
                timeout=TIMEOUT_S,
            ) as response:
                if response.status_code in OVERLOADED:
                    response.raise_for_status()
                return response.status_code, _bounded(response)

        try:
            status, content = (retry or self._retry).call(ask, _is_transient)
        except httpx.HTTPStatusError as error:
            raise BadInput(
                f"{self.url}: {self.product} answers {error.response.status_code}"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise BadInput(f"{self.url}: {self.product} does not answer: {reason}") from None
        return status, self._read(status, content)

    def _read(self, status: int, content: bytes) -> Json:
        try:
            answer = httpx.Response(status, content=content).json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise BadInput(f"{self.url}: {status}: not an answer of {self.product}")
        return answer

    def _accepted(self, path: str, status: int, answer: Json) -> Json:
        if status < httpx.codes.BAD_REQUEST:
            return answer
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            reason = "the token is not accepted: set MATOPS_MODEL_REGISTRY_TOKEN to a valid one"
        else:
            words = str(answer.get("message") or answer.get("error_code") or "no reason given")
            reason = " ".join(words.split())[:SHOWN_CHARACTERS]
        raise BadInput(f"{self.url}: {path}: {status}: {reason}")


def _bounded(response: httpx.Response) -> bytes:
    """The answer's bytes, unless it is larger or slower than any registry's."""
    content, ends_at = b"", time.monotonic() + LONGEST_ANSWER_S
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > LARGEST_ANSWER_BYTES or time.monotonic() > ends_at:
            raise httpx.DecodingError("its answer does not end")
    return content


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, httpx.HTTPStatusError | httpx.TransportError)
