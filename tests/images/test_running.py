"""The images at work: a package served, and a pipeline's steps with the result of processes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from matops.artifacts.model.package import GOLDEN, read_card
from matops.client import Client
from tests.conftest import FAMILY
from tests.images.conftest import IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker
    from docker.models.containers import Container

    from tests.conftest import Matops, Released

pytestmark = pytest.mark.docker
START_SECONDS = 60


def address(container: Container) -> str:
    """Where a container's port 8080 is on this machine."""
    container.reload()
    (published,) = container.attrs["NetworkSettings"]["Ports"]["8080/tcp"]
    return f"http://{published['HostIp']}:{published['HostPort']}"


def wait_until_ready(url: str, container: Container) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/v2/health/ready", timeout=2.0).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail(container.logs().decode())


@pytest.fixture
def server(engine: docker.DockerClient, released: Released, tmp_path: Path) -> Iterator[Container]:
    """The serving image on the released package, as KServe runs it."""
    container = engine.containers.run(
        IMAGES["serve"],
        detach=True,
        read_only=True,
        tmpfs={"/tmp": ""},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        volumes={str(released.package): {"bind": "/mnt/models", "mode": "ro"}},
        ports={"8080/tcp": ("127.0.0.1", None)},
        mem_limit="2g",
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def test_a_package_is_served_with_its_golden_answers(server: Container, released: Released) -> None:
    url = address(server)
    wait_until_ready(url, server)
    golden = json.loads((released.package / GOLDEN).read_text())
    with Client(url) as client:
        answers = client.predict(golden["requests"])
    version = read_card(released.package).version
    assert len(answers) == len(golden["answers"]) > 0
    for answer, expected in zip(answers, golden["answers"], strict=True):
        assert answer.model_version == version
        for name, estimate in expected["estimates"].items():
            assert answer.estimates[name].value == pytest.approx(estimate["value"], rel=1e-4)
    assert "matops" in httpx.get(f"{url}/metrics").text
    server.stop(timeout=30)
    assert server.wait()["StatusCode"] == 0


@pytest.mark.slow
def test_steps_in_containers_make_the_model_that_processes_make(
    engine: docker.DockerClient,
    matops: Matops,
    workspace: Path,
    released: Released,
    small_changes: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (workspace / "models" / FAMILY / "champion.json").unlink()
    monkeypatch.setenv("MATOPS_RUNNER", "docker")
    asked = ("--family", FAMILY, "--preset", "demo", *small_changes(), "--json")
    done = matops(workspace, "run", "train_and_release", *asked)
    assert done.status == 0, done.err
    outcome = json.loads(done.out)
    assert outcome["version"] == released.package.name
    champion = json.loads((workspace / "models" / FAMILY / "champion.json").read_text())
    assert champion["version"] == outcome["version"]
    commit = read_card(Path(outcome["package"])).environment.commit
    labels = engine.images.get(IMAGES["cpu"]).attrs["Config"]["Labels"]
    assert commit == labels["org.opencontainers.image.revision"]


def test_a_steps_bad_input_is_its_own_line(
    engine: docker.DockerClient, matops: Matops, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_RUNNER", "docker")
    bad = workspace / "bad.json"
    bad.write_text("no JSON")
    done = matops(workspace, "run", "train_and_release", "--family", FAMILY, "--source", bad)
    assert done.status == 2
    assert str(bad) in done.err
    assert len(done.err.strip().splitlines()[-1:]) == 1
    assert "Traceback" not in done.err


def test_a_step_that_needs_too_much_memory_says_so(
    engine: docker.DockerClient, matops: Matops, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_RUNNER", "docker")
    monkeypatch.setenv("MATOPS_DOCKER_MEMORY", "64m")
    done = matops(workspace, "run", "train_and_release", "--family", FAMILY, "--preset", "demo")
    assert done.status == 2
    assert f"{IMAGES['cpu']}: a step needs more than 64m of memory" in done.err
