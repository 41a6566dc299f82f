"""One remote for each test, on a directory and on every S3 server that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.remotes import SERVERS, DirectoryRemote, Remote, new_prefix, server_or_skip


@pytest.fixture(scope="module", params=["directory", *SERVERS])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[object]:
    """A running S3 server, or None where a directory does."""
    if request.param == "directory":
        yield None
        return
    with server_or_skip(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def remote(server: object, tmp_path: Path) -> Remote:
    return DirectoryRemote(tmp_path / "remote") if server is None else new_prefix(server)
