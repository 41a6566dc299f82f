"""Settings come from the environment, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from matops.entrypoints.settings import Settings, read_settings
from matops.entrypoints.wiring import code_commit, dataset_store, package_store


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MATOPS_{name.upper()}", raising=False)


def test_without_an_environment_the_workspace_is_here() -> None:
    settings = Settings()
    assert settings.workspace == Path()
    assert settings.remote is None
    assert settings.workers >= 1


@pytest.mark.parametrize(
    ("quota", "workers"), [("250000 100000\n", 2), ("50000 100000\n", 1), ("max 100000\n", 7)]
)
def test_a_container_uses_no_more_processors_than_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, workers: int
) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr("matops.entrypoints.settings.CPU_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr("matops.entrypoints.settings.cpu_count", lambda: 7)
    assert Settings().workers == workers


def test_every_place_lies_in_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATOPS_WORKSPACE", "/some/where")
    settings = Settings()
    for place in (settings.kept, settings.models):
        assert place.is_relative_to("/some/where")
    assert package_store(settings).root == settings.models
    assert dataset_store(settings).workspace == Path("/some/where")


def test_a_remote_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATOPS_REMOTE", "s3://bucket/data")
    assert dataset_store(Settings()).remote.url == "s3://bucket/data"


@pytest.mark.parametrize("workers", ["0", "-2", "many"])
def test_a_number_of_workers_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.setenv("MATOPS_WORKERS", workers)
    with pytest.raises(ValidationError):
        Settings()


def test_a_process_reads_the_environment_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_settings.cache_clear()
    monkeypatch.setenv("MATOPS_WORKERS", "3")
    assert read_settings().workers == 3
    monkeypatch.setenv("MATOPS_WORKERS", "5")
    assert read_settings().workers == 3
    read_settings.cache_clear()


def test_a_stated_commit_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATOPS_COMMIT", "abc123")
    assert code_commit(Settings()) == "abc123"


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code_commit(Settings()) == "unknown"
