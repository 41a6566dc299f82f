"""A prefix of an S3 bucket into which others put files, through the ``minio`` client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from minio import Minio
from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider
from minio.error import MinioException
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from matops.core.errors import BadInput
from matops.steps.deposits import TOP, Deposit, group_deposits

AWS = "https://s3.amazonaws.com"
SCHEME = "s3://"
CONNECT_S, READ_S = 5.0, 30.0
"""Longest silence of the server; the client's own five minutes would hold up a stop."""


class DropBucket:
    """A prefix; the files of a deposit are fetched into a temporary directory."""

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
        self._client = Minio(
            server.netloc,
            secure=server.scheme == "https",
            credentials=ChainedProvider([EnvAWSProvider(), AWSConfigProvider()]),
            http_client=PoolManager(
                timeout=Timeout(connect=CONNECT_S, read=READ_S),
                retries=Retry(total=3, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
            ),
        )

    def look(self) -> list[Deposit]:
        """What lies there now, by ETag.

        Raises:
            BadInput: no such bucket, no access, or no answer.
        """
        with self._told(self.address(TOP)):
            found = list(self._client.list_objects(self.bucket, self.prefix, recursive=True))
        keys = {str(item.object_name).removeprefix(self.prefix): item for item in found}
        return group_deposits(
            {key: str(item.etag) for key, item in keys.items() if key and not key.endswith("/")}
        )

    @contextmanager
    def fetched(self, deposit: Deposit) -> Iterator[Path]:
        """A temporary directory with the deposit's files.

        Raises:
            BadInput: a file can't be had, has changed, or its key leads out of the directory.
        """
        with TemporaryDirectory(prefix="matops-drop-") as root:
            for key, stamp in deposit.files.items():
                path = Path(root, key)
                if not path.resolve().is_relative_to(Path(root).resolve()):
                    raise BadInput(f"{self.address(key)}: the key leads out of its prefix")
                with self._told(self.address(key)):
                    got = self._client.fget_object(self.bucket, f"{self.prefix}{key}", str(path))
                if got.etag != stamp:
                    raise BadInput(f"{self.address(key)}: changed while it was fetched")
            yield Path(root)

    def unchanged(self, deposit: Deposit) -> bool:
        """Always: what was fetched is a copy, whose ETags were compared."""
        return True

    def address(self, name: str) -> str:
        """The S3 URL."""
        whole = f"{SCHEME}{self.bucket}/{self.prefix}"
        return whole.rstrip("/") if name == TOP else f"{whole}{name}"

    @contextmanager
    def _told(self, address: str) -> Iterator[None]:
        """Whatever the client raises, as one line that names the address."""
        try:
            yield
        except (MinioException, HTTPError, OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise BadInput(f"{address}: {reason or type(error).__name__}") from None
