"""Where the steps of learning are called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from matops.entrypoints.settings import read_settings


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace without data, which the settings name."""
    monkeypatch.setenv("MATOPS_WORKSPACE", str(tmp_path / "empty"))
    read_settings.cache_clear()
    yield tmp_path / "empty"
    read_settings.cache_clear()
