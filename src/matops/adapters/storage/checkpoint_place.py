"""Checkpoints in a directory, or under a prefix as in ``s3://bucket/prefix``, through fsspec."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from matops.core.errors import BadInput

UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class FileCheckpoints:
    """A place for checkpoints.

    Attributes:
        url: a directory, or any URL that fsspec knows; credentials of S3 are those of AWS programs.
        endpoint: URL of the S3 server; AWS's if none.
        timeout_s: longest silence of the server, in seconds.
    """

    url: str
    endpoint: str | None = None
    timeout_s: float = 60.0

    @property
    def address(self) -> str:
        """The directory or URL."""
        return self.url.rstrip("/")

    def names(self, folder: str) -> list[str]:
        """Names of a folder's files, without those that were being written."""
        with self._opened(folder) as (files, path):
            files.invalidate_cache()
            try:
                found = files.ls(path, detail=False)
            except FileNotFoundError:
                return []
        named = (str(item).rsplit("/", 1)[-1] for item in found)
        return [name for name in named if name and not name.endswith(UNFINISHED)]

    def read(self, folder: str, name: str) -> bytes:
        """Content of a file."""
        with self._opened(f"{folder}/{name}") as (files, path):
            return bytes(files.cat_file(path))

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Write a file whole or not at all: an object appears so, a file is renamed."""
        with self._opened(f"{folder}/{name}") as (files, path):
            if not isinstance(files, LocalFileSystem):
                files.pipe_file(path, content)
                return
            files.makedirs(files._parent(path), exist_ok=True)
            files.pipe_file(path + UNFINISHED, content)
            files.mv(path + UNFINISHED, path)

    def remove(self, folder: str, name: str) -> None:
        """Remove a file, if it is there, and its folder with the last one."""
        with self._opened(f"{folder}/{name}") as (files, path), suppress(FileNotFoundError):
            files.rm_file(path)
        if isinstance(files, LocalFileSystem) and not self.names(folder):
            with self._opened(folder) as (files, path), suppress(FileNotFoundError):
                files.rm(path, recursive=True)

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[Any, str]]:
        """The file system and a path on it; what either raises is one line."""
        where = f"{self.address}/{name}"
        try:
            files, path = fsspec.core.url_to_fs(where, **self._options())
            yield files, path
        except _errors() as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise BadInput(f"{where}: {said}") from None

    def _options(self) -> dict[str, Any]:
        if not self.url.startswith("s3://"):
            return {}
        waiting = {"connect_timeout": self.timeout_s, "read_timeout": self.timeout_s}
        return {"endpoint_url": self.endpoint, "config_kwargs": waiting}


def _errors() -> tuple[type[Exception], ...]:
    """What disk, network or server raise; asked for only when something was raised."""
    from aiohttp import ClientError as HttpError
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, ValueError, BotoCoreError, ClientError, HttpError)
