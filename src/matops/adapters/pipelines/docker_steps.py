"""The steps of a local run in containers, each in its image."""

import codecs
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from matops.core.errors import BadInput

if TYPE_CHECKING:
    from docker import DockerClient
    from kfp.local import DockerRunner

WORKSPACE = "/workspace"
PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['(?:pipelinechannel--)?(\w+)'\]\}\}")


@dataclass(frozen=True)
class Containers:
    """How steps run in containers."""

    # what they see as ``/workspace``, and may write; nothing else but the run's own
    workspace: Path
    inputs: tuple[Path, ...]  # files and directories that they may read, where they are
    memory: str  # limit of each, as in ``8g``
    network: str  # Docker network of each; ``none`` for none


def step_images(definition: Path, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Images of a compiled pipeline's steps, as it names them and with parameters filled in.

    kfp fills parameters into a step's command, but not into the name of its image.
    """
    pipeline = next(iter(yaml.safe_load_all(definition.read_text())))
    declared = pipeline["root"].get("inputDefinitions", {}).get("parameters", {})
    values = {name: one.get("defaultValue", "") for name, one in declared.items()} | dict(arguments)
    executors = pipeline["deploymentSpec"]["executors"].values()
    named = {one["container"]["image"] for one in executors}
    filled = {image: PARAMETER.fullmatch(image) for image in named}
    return {image: str(values[name[1]]) if name else image for image, name in filled.items()}


@contextmanager
def container_runner(
    containers: Containers, definition: Path, arguments: Mapping[str, Any]
) -> Iterator["DockerRunner"]:
    """The runner of containers, once engine and images are known to be there.

    kfp's own function pulls what is missing, and may take a step that fails at once for one that
    succeeds (kubeflow/pipelines issue 13332): for the time of the block it is replaced.

    Raises:
        BadInput: there is no engine, or an image is missing.
    """
    from kfp import local
    from kfp.local import docker_task_handler

    def run(
        client: "DockerClient", image: str, command: list[str], volumes: Any, **options: Any
    ) -> int:
        return _run(client, images[image], command, volumes=volumes, **options)

    images = step_images(definition, arguments)
    _check(images.values())
    original = docker_task_handler.run_docker_container
    docker_task_handler.run_docker_container = run
    try:
        yield local.DockerRunner(**_options(containers))
    finally:
        docker_task_handler.run_docker_container = original


def _check(images: Iterable[str]) -> None:
    import docker

    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        raise BadInput(f"Docker: no engine answers ({error})") from None
    for image in sorted(set(images)):
        try:
            client.images.get(image)
        except docker.errors.ImageNotFound:
            raise BadInput(f"{image}: no such image here; make images builds it") from None
    client.close()


def _options(containers: Containers) -> dict[str, Any]:
    """As ``docker run`` has them: the caller's user and cores, and as little else as will do."""
    from docker.types import Mount

    workspace = str(containers.workspace)
    readable = [
        Mount(str(path), str(path), type="bind", read_only=True) for path in containers.inputs
    ]
    return {
        "user": f"{os.getuid()}:{os.getgid()}",
        "read_only": True,
        "tmpfs": {"/tmp": "rw,nosuid,nodev,mode=1777"},  # noqa: S108
        "mounts": [Mount(WORKSPACE, workspace, type="bind"), *readable],
        "network_mode": containers.network,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "cpuset_cpus": ",".join(map(str, sorted(os.sched_getaffinity(0)))),
        "mem_limit": containers.memory,
        "shm_size": "1g",
    }


def _run(client: "DockerClient", image: str, command: list[str], **options: Any) -> int:
    """Run a container to its end, print its output, and return its exit status."""
    container = client.containers.run(image, command, detach=True, **options)
    try:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        for piece in container.logs(stream=True):
            print(decode(piece), end="")
        status = int(container.wait()["StatusCode"])
        container.reload()
        if container.attrs["State"]["OOMKilled"]:
            raise BadInput(f"{image}: a step needs more than {options['mem_limit']} of memory")
        return status
    finally:
        container.remove(force=True)
