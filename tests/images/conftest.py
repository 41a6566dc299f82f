"""A Docker engine and the images that ``make images`` has built; what is missing skips a test."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import docker
import pytest

from tests.support.places import REPOSITORY

VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
IMAGES = {
    target: f"{name}:{VERSION}"
    for target, name in {
        "cpu": "matops-python",
        "train": "matops-train-python",
        "serve": "matops-serve-python",
    }.items()
}

Inside = Callable[..., tuple[int, str]]
"""``inside(target, *command)``: exit status and output, run as a cluster would."""


@pytest.fixture(scope="session")
def engine() -> docker.DockerClient:
    """The Docker engine, with all images."""
    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException:
        pytest.skip("no Docker engine answers")
    for image in IMAGES.values():
        try:
            client.images.get(image)
        except docker.errors.ImageNotFound:
            pytest.skip(f"{image} is not built: make images")
    return client


@pytest.fixture
def inside(engine: docker.DockerClient) -> Inside:
    """Run a command in an image: its own user, read-only root, no network, no capability."""

    def run(target: str, *command: str) -> tuple[int, str]:
        container = engine.containers.run(
            IMAGES[target],
            list(command),
            detach=True,
            read_only=True,
            tmpfs={"/tmp": "", "/workspace": "uid=10001,gid=10001"},
            network_mode="none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )
        try:
            status = container.wait()["StatusCode"]
            return status, container.logs().decode()
        finally:
            container.remove(force=True)

    return run
