"""The remotes on which the store's tests run: a directory, and every S3 server there is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from devtools.object_store import BUCKET, KINDS, ObjectStore, running_store
from matops.adapters.data.dvc_workspace import RemoteSettings

SERVERS = [pytest.param(name, marks=pytest.mark.s3) for name in KINDS]


class Remote(Protocol):
    """A remote of its own for one test."""

    @property
    def settings(self) -> RemoteSettings: ...

    def objects(self) -> set[str]:
        """Hashes of all objects, as DVC names them."""
        ...

    def remove(self, value: str) -> None:
        """Lose one object."""
        ...

    def destroy(self) -> None:
        """Lose everything."""
        ...


@dataclass(frozen=True)
class DirectoryRemote:
    directory: Path

    @property
    def settings(self) -> RemoteSettings:
        return RemoteSettings(str(self.directory))

    def objects(self) -> set[str]:
        found = (self.directory / "files" / "md5").glob("*/*")
        return {path.parent.name + path.name for path in found}

    def remove(self, value: str) -> None:
        (self.directory / "files" / "md5" / value[:2] / value[2:]).unlink()

    def destroy(self) -> None:
        shutil.rmtree(self.directory)


@dataclass(frozen=True)
class S3Remote:
    server: ObjectStore
    prefix: str

    @property
    def settings(self) -> RemoteSettings:
        return self.settings_at(self.server.endpoint)

    def settings_at(self, endpoint: str) -> RemoteSettings:
        return RemoteSettings(f"s3://{BUCKET}/{self.prefix}", endpoint, timeout_s=5.0)

    def objects(self) -> set[str]:
        listed = self.server.client().list_objects(BUCKET, f"{self.prefix}/", recursive=True)
        return {"".join(str(item.object_name).rsplit("/", 2)[1:]) for item in listed}

    def remove(self, value: str) -> None:
        name = f"{self.prefix}/files/md5/{value[:2]}/{value[2:]}"
        self.server.client().remove_object(BUCKET, name)

    def destroy(self) -> None:
        for value in self.objects():
            self.remove(value)


@contextmanager
def server_or_skip(name: str, directory: Path) -> Iterator[ObjectStore]:
    """A running server, with its credentials where clients look for them."""
    if KINDS[name].find() is None:
        pytest.skip(f"{KINDS[name].program} is not installed; try: make minio")
    with running_store(name, directory) as server, pytest.MonkeyPatch.context() as patch:
        for variable, value in server.credentials.environment().items():
            patch.setenv(variable, value)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_MAX_ATTEMPTS", "2")
        yield server


def new_prefix(server: ObjectStore) -> S3Remote:
    return S3Remote(server, uuid4().hex)
