"""A prefix of an S3 bucket, through the ``minio`` client."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from minio import Minio
from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from matops.artifacts.model.package import sha256
from matops.core.errors import BadInput

T = TypeVar("T")

AWS = "https://s3.amazonaws.com"
SCHEME = "s3://"
CONNECT_S, READ_S = 5.0, 30.0
"""Longest silence of the server; the client's own five minutes would hold up a stop."""
BROKEN = (HTTPError, OSError, InvalidResponseError, ServerError)
PAUSES_S = (1.0, 3.0)
"""Before a transfer that broke is begun anew; the client itself repeats requests only."""
HASH = "sha256"
"""Of the content, kept with each object: an ETag is no such hash on every server."""
BLOCK_BYTES = 1 << 20


class S3Place:
    """Where objects lie: a bucket and a prefix, and the client that asks for them."""

    def __init__(self, url: str, endpoint: str | None) -> None:
        """Name the prefix; credentials are those of AWS programs (``AWS_*``, ``~/.aws``).

        Args:
            url: as in ``s3://bucket/prefix``.
            endpoint: URL of the server; AWS's if none.

        Raises:
            BadInput: the URL names no bucket, or the endpoint is not a URL.
        """
        self.bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        server = urlsplit(endpoint or AWS)
        if not self.bucket:
            raise BadInput(f"{url}: no bucket; write it as s3://bucket/prefix")
        if server.scheme not in ("http", "https") or not server.netloc:
            raise BadInput(f"{endpoint}: the S3 server's URL must begin with http:// or https://")
        self.client = Minio(
            server.netloc,
            secure=server.scheme == "https",
            credentials=ChainedProvider([EnvAWSProvider(), AWSConfigProvider()]),
            http_client=PoolManager(
                timeout=Timeout(connect=CONNECT_S, read=READ_S),
                retries=Retry(total=3, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
            ),
        )

    def key(self, name: str) -> str:
        """Key of what has this name under the prefix."""
        return f"{self.prefix}{name}"

    def address(self, name: str = "") -> str:
        """The S3 URL of what has this name; of the prefix itself without a name."""
        return f"{SCHEME}{self.bucket}/{self.key(name)}".rstrip("/")

    def read(self, name: str) -> bytes | None:
        """Content of a small object; None if there is none.

        Raises:
            BadInput: no such bucket, no access, or no answer.
        """
        return self._repeated(name, lambda: self._content(name).read())

    def sha256(self, name: str) -> str:
        """SHA-256 of an object's content as hex digits; empty if there is none.

        Raises:
            BadInput: no such bucket, no access, or no answer.
        """
        return self._repeated(name, lambda: self._hash(name)) or ""

    def upload(self, path: Path, name: str) -> None:
        """Write a file to an object, which appears whole or not at all.

        Raises:
            BadInput: no such bucket, no access, or no answer.
        """
        put, noted = self.client.fput_object, sha256(path)
        call = partial(put, self.bucket, self.key(name), str(path), metadata={HASH: noted})
        self._repeated(name, call)

    def download(self, name: str, path: Path) -> None:
        """Write an object to a file.

        Raises:
            BadInput: no such object, no access, or no answer.
        """
        get = self.client.fget_object
        if self._repeated(name, lambda: get(self.bucket, self.key(name), str(path))) is None:
            raise BadInput(f"{self.address(name)}: no such object")

    def _hash(self, name: str) -> str:
        stat = self.client.stat_object(self.bucket, self.key(name))
        noted = (stat.metadata or {}).get(f"x-amz-meta-{HASH}")
        if noted:
            return noted
        digest = hashlib.sha256()  # of an object that came another way
        for block in self._content(name).stream(BLOCK_BYTES):
            digest.update(block)
        return digest.hexdigest()

    def _content(self, name: str) -> BaseHTTPResponse:
        return self.client.get_object(self.bucket, self.key(name))

    def _repeated(self, name: str, transfer: Callable[[], T]) -> T | None:
        """What a transfer gives, begun anew where it broke; None if there is no such object."""
        with one_line(self.address(name)):
            for pause_s in (*PAUSES_S, None):
                try:
                    return transfer()
                except S3Error as error:
                    if error.code == "NoSuchKey":
                        return None
                    raise
                except BROKEN:
                    if pause_s is None:
                        raise
                    time.sleep(pause_s)
        return None


@contextmanager
def one_line(address: str) -> Iterator[None]:
    """Whatever the client raises, as one line that names the address.

    Raises:
        BadInput: no such bucket, no access, or no answer.
    """
    try:
        yield
    except (MinioException, HTTPError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"{address}: {reason or type(error).__name__}") from None
