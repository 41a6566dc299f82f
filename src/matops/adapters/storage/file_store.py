"""Files in a directory or under a prefix of a bucket, through fsspec: our one client of S3.

Credentials are found as by DVC and all AWS programs, by botocore's chain: environment, ``~/.aws``,
the role of a service account (web identity), of a container, of a machine.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import fsspec

from matops.adapters.storage.errors import is_missing_bucket, is_transient, one_line
from matops.artifacts.model.package import sha256
from matops.core.errors import BadInput
from matops.processes.atomic import UNFINISHED, write_atomic
from matops.processes.retry import RETRY, RetryPolicy

T = TypeVar("T")

SCHEME = "s3://"
CONNECT_S = 5.0
HASH = "sha256"
"""Of the content, kept with each object: an ETag is no such hash on every server."""


@dataclass(frozen=True)
class FileStore:
    """A directory, a prefix as in ``s3://bucket/prefix``, or any URL that fsspec knows.

    Every method raises BadInput, in one line, where the place can't be had; a file or object
    appears whole or not at all. A name is a path below the place.
    """

    url: str  # the place
    endpoint: str | None = None  # URL of the S3 server; AWS's if none
    timeout_s: float = 60.0  # longest silence of the server, in seconds
    # how often a transfer that broke is begun anew; clients themselves repeat nothing
    retry: RetryPolicy = RETRY

    def __post_init__(self) -> None:
        server = urlsplit(self.endpoint or "https://")
        if self.url.startswith(SCHEME) and not self.url.removeprefix(SCHEME).strip("/"):
            raise BadInput(f"{self.url}: no bucket; write it as s3://bucket/prefix")
        if server.scheme not in ("http", "https") or (self.endpoint and not server.netloc):
            raise BadInput(
                f"{self.endpoint}: the S3 server's URL must begin with http:// or https://"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process has connections of its own."""
        return FileStore, (self.url, self.endpoint, self.timeout_s, self.retry)

    @property
    def address(self) -> str:
        """The directory or URL."""
        return self.url.rstrip("/")

    def address_of(self, name: str) -> str:
        """The path or URL of a file."""
        return f"{self.address}/{name}" if name else self.address

    def names(self, folder: str) -> list[str]:
        """Names of a folder's files, without those that are being written."""
        paths = self._call(folder, lambda files, path: files.ls(path, detail=False)) or []
        names = (str(path).rsplit("/", 1)[-1] for path in paths)
        return [name for name in names if name and not name.endswith(UNFINISHED)]

    def objects(self) -> dict[str, tuple[str, int]]:
        """ETag and size in bytes of every object below the prefix, by name."""
        root = self._opened[1].rstrip("/") + "/"
        objects = self._call("", lambda files, path: files.find(path, detail=True)) or {}
        return {
            path.removeprefix(root): (str(item["ETag"]).strip('"'), int(item["size"]))
            for path, item in objects.items()
            if path.startswith(root) and not path.endswith("/")
        }

    def find(self, name: str) -> bytes | None:
        """Content of a file; None if there is none."""
        return self._call(name, lambda files, path: bytes(files.cat_file(path, max_concurrency=1)))

    def read(self, name: str) -> bytes:
        """Content of a file that must be there."""
        return self._there(name, self.find(name))

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        if self._is_local:
            with one_line(self.address_of(name)):
                write_atomic(Path(self._opened[1], name), content)
        else:
            self._call(name, lambda files, path: files.pipe_file(path, content))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and its folder with the last one."""
        self._call(name, lambda files, path: files.rm_file(path))
        folder = name.rpartition("/")[0]
        if self._is_local and folder and not self.names(folder):
            self._call(folder, lambda files, path: files.rm(path, recursive=True))

    def sha256(self, name: str) -> str:
        """SHA-256 of an object's content as hex digits; empty if there is none."""
        return self._call(name, _sha256) or ""

    def upload(self, path: Path, name: str) -> None:
        """Write a file to an object, with its hash."""
        metadata = {HASH: sha256(path)}
        self._call(name, lambda files, key: files.put_file(str(path), key, Metadata=metadata))

    def download(self, name: str, path: Path) -> str:
        """Write an object to a file, and return its ETag afterwards."""

        def fetch(files: Any, key: str) -> str:
            files.get_file(key, str(path))
            return str(files.info(key)["ETag"]).strip('"')

        return self._there(name, self._call(name, fetch))

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The file system, and the place's path on it."""
        options: dict[str, Any] = {}
        if self.url.startswith(SCHEME):
            connect_s = min(CONNECT_S, self.timeout_s)
            options = {
                "endpoint_url": self.endpoint,
                "skip_instance_cache": True,
                "use_listings_cache": False,
                "config_kwargs": {
                    "connect_timeout": connect_s,
                    "read_timeout": self.timeout_s,
                    "retries": {"total_max_attempts": 1},
                },
            }
        files, root = fsspec.core.url_to_fs(self.address, **options)
        if options:
            files.retries = 1
        return files, root

    @property
    def _is_local(self) -> bool:
        return "file" in self._opened[0].protocol

    def _call(self, name: str, call: Callable[[Any, str], T]) -> T | None:
        """What a call with file system and path gives; None where there is no such file."""
        with one_line(self.address_of(name), ValueError):
            files, root = self._opened
            path = f"{root.rstrip('/')}/{name}" if name else root
            try:
                return self.retry.call(lambda: call(files, path), is_transient)
            except FileNotFoundError as error:
                if is_missing_bucket(error):
                    raise
                return None

    def _there(self, name: str, content: T | None) -> T:
        if content is None:
            raise BadInput(f"{self.address_of(name)}: no such file")
        return content


def _sha256(files: Any, path: str) -> str:
    noted = files.metadata(path).get(HASH)
    if noted:
        return str(noted)
    with files.open(path) as content:  # of an object that came another way
        return hashlib.file_digest(content, "sha256").hexdigest()
