"""What disk, network or an S3 server raise, in one line and in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matops.core.errors import BadInput
from matops.processes.retry import OVERLOADED

TRANSIENT = (500, *OVERLOADED)


@contextmanager
def one_line(problem: str, *others: type[Exception]) -> Iterator[None]:
    """Whatever storage, or one of the ``others``, raises, as one line that begins with the problem.

    Raises:
        BadInput: no such bucket, no access, no room, or no answer.
    """
    try:
        yield
    except (*others, *_errors()) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"{problem}: {reason}") from None


def _errors() -> tuple[type[Exception], ...]:
    """Of the S3 clients; half a second to import, which nobody without a server needs."""
    from aiohttp import ClientError as HttpError
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError, HttpError)


def is_transient(error: BaseException) -> bool:
    """Whether the same may succeed later: a broken transfer, or an overloaded server.

    A full disk, a missing file and missing credentials stay what they are.
    """
    if isinstance(error, FileNotFoundError | PermissionError):
        return False  # without the half second that the imports cost
    from aiohttp import ClientError as HttpError
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError
    from botocore.parsers import ResponseParserError

    broken = (HttpError, HTTPClientError, NoConnection, ResponseParserError, TimeoutError)
    status = _answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return isinstance(error, broken) or status in TRANSIENT


def is_missing_bucket(error: BaseException) -> bool:
    """Whether not only an object is missing, but its whole bucket."""
    return bool(_answer(error).get("Error", {}).get("Code") == "NoSuchBucket")


def _answer(error: BaseException) -> dict[str, Any]:
    """The server's, which s3fs keeps as the cause of what it raises."""
    return getattr(error.__cause__, "response", None) or {}
