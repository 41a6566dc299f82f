"""Steps in containers: which images a pipeline needs, and what is said where one is missing."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml
from kfp.local import docker_task_handler

from matops.adapters.pipelines import docker_steps
from matops.adapters.pipelines.docker_steps import Containers, container_runner, step_images
from matops.core.errors import BadInput

PARAMETER = "{{$.inputs.parameters['pipelinechannel--train_image']}}"


def pipeline(path: Path, *images: str) -> Path:
    parameters = {"train_image": {"defaultValue": "trains:1"}}
    executors = {f"exec-{at}": {"container": {"image": one}} for at, one in enumerate(images)}
    definition = {
        "deploymentSpec": {"executors": executors},
        "root": {"inputDefinitions": {"parameters": parameters}},
    }
    path.write_text(yaml.safe_dump(definition))
    return path


def containers(tmp_path: Path) -> Containers:
    return Containers(tmp_path, (), "1g", "none")


def test_parameters_are_filled_into_names_of_images(tmp_path: Path) -> None:
    definition = pipeline(tmp_path / "p.yaml", "steps:1", PARAMETER)
    assert step_images(definition, {}) == {"steps:1": "steps:1", PARAMETER: "trains:1"}
    given = step_images(definition, {"train_image": "other:2"})
    assert given == {"steps:1": "steps:1", PARAMETER: "other:2"}


def test_no_engine_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    definition = pipeline(tmp_path / "p.yaml", "steps:1")
    with (
        pytest.raises(BadInput, match=r"^Docker: no engine answers") as raised,
        container_runner(containers(tmp_path), definition, {}),
    ):
        pass
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("fails", [False, True])
def test_kfps_own_function_is_back_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.setattr(docker_steps, "_check", lambda images: None)
    definition = pipeline(tmp_path / "p.yaml", "steps:1")
    original = docker_task_handler.run_docker_container
    for _ in range(2):
        with (
            pytest.raises(ZeroDivisionError) if fails else nullcontext(),
            container_runner(containers(tmp_path), definition, {}) as runner,
        ):
            assert docker_task_handler.run_docker_container is not original
            assert "environment" not in runner.container_run_args
            _ = 1 / (not fails)
        assert docker_task_handler.run_docker_container is original


@pytest.mark.docker
def test_a_missing_image_is_named_with_what_builds_it(tmp_path: Path) -> None:
    definition = pipeline(tmp_path / "p.yaml", "matops-none-python:0")
    with (
        pytest.raises(BadInput, match=r"^matops-none-python:0: no such image here; make images"),
        container_runner(containers(tmp_path), definition, {}),
    ):
        pass
