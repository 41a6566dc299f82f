"""``matops platform`` and a local server with state that it talks to; it is not Kubeflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.entrypoints.pipelines.project import compiled_pipelines
from matops.entrypoints.settings import Settings
from tests.conftest import COMMIT
from tests.support.kubeflow_server import Kubeflow, running
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Done, Matops

Platform = Callable[..., "Done"]


@pytest.fixture(scope="session")
def compile_once(
    definitions: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, Path]]:
    """The real compilation, once for each image; the usual one's is that of all tests."""
    usual = Settings().image

    @cache
    def directory(image: str) -> Path:
        if image == usual:
            return definitions
        place = Settings(workspace=tmp_path_factory.mktemp("compiled"), project=REPOSITORY)
        return compiled_pipelines(place, ["judge_release"])["judge_release"].parent

    def once(settings: Settings, names: list[str]) -> dict[str, Path]:
        return {name: directory(settings.image) / f"{name}.yaml" for name in names}

    return once


@pytest.fixture
def kubeflow(
    monkeypatch: pytest.MonkeyPatch, compile_once: Callable[..., dict[str, Path]]
) -> Iterator[Kubeflow]:
    with running(Kubeflow()) as found:
        monkeypatch.setattr(
            "matops.entrypoints.pipelines.platform.compiled_pipelines", compile_once
        )
        monkeypatch.setenv("MATOPS_KFP_ENDPOINT", found.url)
        monkeypatch.setenv("MATOPS_COMMIT", COMMIT)
        monkeypatch.setattr("matops.entrypoints.pipelines.platform.LOOK_EVERY_S", 0.0)
        monkeypatch.setattr("matops.processes.retry.time.sleep", lambda _: None)
        yield found


@pytest.fixture
def platform(kubeflow: Kubeflow, matops: Matops, tmp_path: Path) -> Platform:
    return lambda *arguments: matops(tmp_path, "platform", *arguments)
