"""A workspace that is the one of this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from matops.entrypoints.settings import read_settings


@pytest.fixture
def here(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A released workspace, made the one of this process."""
    monkeypatch.setenv("MATOPS_WORKSPACE", str(workspace))
    read_settings.cache_clear()
    yield workspace
    read_settings.cache_clear()
