"""A workspace's DVC repository: its configuration, its lock, and errors in one line."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from configobj import ConfigObj, ConfigObjError
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc_objects.errors import ObjectDBError, ObjectFormatError
from filelock import FileLock

from matops.adapters.data.dvc_objects import Objects
from matops.processes.atomic import write_atomic

REMOTE_NAME = "store"
REMOTE_SECTION = f'remote "{REMOTE_NAME}"'
DVC_ERRORS = (DvcException, ObjectDBError, ObjectFormatError, sqlite3.Error, ConfigObjError)
DEFAULT_REMOTE = "../.matops/remote"
"""Relative to the configuration, so that a workspace can be moved."""


@dataclass(frozen=True)
class RemoteSettings:
    """Where the objects are stored for good."""

    # DVC URL, as in ``s3://bucket/prefix``; None for what the configuration has, or else a
    # directory of the workspace
    url: str | None = None
    endpoint: str | None = None  # URL of an S3 server; None for AWS
    timeout_s: float = 60.0  # how long to wait for an answer of an S3 server, in seconds

    def options(self) -> dict[str, str]:
        """As DVC's configuration writes it; empty where nothing was asked for."""
        if not self.url:
            return {}
        options = {"url": self.url}
        if self.url.startswith("s3://"):
            waiting = f"{self.timeout_s:g}"
            options |= {"connect_timeout": waiting, "read_timeout": waiting}
            options |= {"endpointurl": self.endpoint} if self.endpoint else {}
        return options


@contextmanager
def open_objects(workspace: Path, remote: RemoteSettings) -> Iterator[Objects]:
    """The workspace's objects, for reading, with the repository made where there is none."""
    # Analytics would need the network, and its progress bars would mix with ours.
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    logging.getLogger("dvc").setLevel(logging.ERROR)
    _configure(workspace / ".dvc", remote)
    with Repo(str(workspace)) as repo:
        yield Objects(repo)


def version_directory(workspace: Path, family: str, version: str) -> Path:
    """Where a version that is not the published one is laid out."""
    return workspace / ".matops" / "versions" / family / version


@contextmanager
def locked(workspace: Path) -> Iterator[None]:
    """Keep every other writer of the workspace out; a process that dies lets go."""
    place = workspace / ".matops" / "data.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place):
        yield


def _configure(directory: Path, remote: RemoteSettings) -> None:
    """Write ``.dvc/config`` where it lacks something; the file is never half-written."""
    path = directory / "config"
    config = ConfigObj(str(path))
    before = config.dict()
    core = config.setdefault("core", {})
    for name, value in {"no_scm": "true", "analytics": "false", "remote": REMOTE_NAME}.items():
        core.setdefault(name, value)
    if remote.url or core["remote"] == REMOTE_NAME:
        core["remote"] = REMOTE_NAME
        section = config.setdefault(REMOTE_SECTION, {"url": DEFAULT_REMOTE})
        if remote.url and section.get("url") != remote.url:
            section.clear()  # what was said of another place: a directory has no endpoint
        section.update(remote.options())
    if config.dict() == before:
        return
    write_atomic(directory / ".gitignore", b"/config.local\n/tmp\n/cache\n")
    text = BytesIO()
    config.write(text)
    write_atomic(path, text.getvalue())
