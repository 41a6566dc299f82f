"""The demo: the whole way from simulations to a served model, in a workspace of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from matops.core.errors import BadInput
from matops.entrypoints.cli.checks import known_family
from matops.entrypoints.cli.data.ingest import ingest
from matops.entrypoints.cli.learning.models import is_accepted, run_and_show
from matops.entrypoints.cli.output import print_line, screen
from matops.entrypoints.cli.release.serving import predict

START_SECONDS = 120


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(package: Path, log: Path) -> Iterator[str]:
    """A server in a process of its own, stopped at the end; yields its URL when it is ready.

    Raises:
        BadInput: it does not become ready.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "matops", "serve", str(package), "--port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603
        try:
            _wait_until_ready(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import httpx

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/v2/health/ready", timeout=2.0).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise BadInput(f"the server did not start; {log} says why")


def _heading(number: int, text: str) -> None:
    screen.print(f"\n[bold cyan]{number}[/bold cyan] [bold]{text}[/bold]")


def demo(
    family: Annotated[
        str, typer.Option(help="Which family", callback=known_family)
    ] = "elastic_cgcnn",
    workspace: Annotated[Path, typer.Option(help="Where data, models and runs go")] = Path("demo"),
) -> None:
    """Simulate, ingest, train, evaluate, release, serve and ask: the whole way in minutes."""
    from matops.entrypoints.data.ingestion import simulating
    from matops.entrypoints.pipelines.local_runs import PipelineRequest
    from matops.entrypoints.settings import read_settings, use_workspace
    from matops.entrypoints.wiring import package_store
    from matops.families import get_family

    use_workspace(workspace)
    chosen = get_family(family)
    simulating(chosen)
    _heading(1, "simulate and ingest: labels made here, versioned with DVC")
    ingest(family, source="simulation", preset="demo")
    steps = {"process": "its steps as processes", "docker": "each step in its container"}
    _heading(2, f"train_and_release: the Kubeflow pipeline, {steps[read_settings().runner]}")
    request = PipelineRequest(family, "demo", source="", changes={}, init_from="")
    outputs = run_and_show("train_and_release", request)
    _heading(3, "verdict: every metric with its unit, every gate with its limit")
    if not is_accepted(Path(outputs["evaluation"].path)):
        raise typer.Exit(1)
    released = package_store(read_settings()).champion(chosen)
    if released is None:
        raise BadInput("the pipeline accepted the model but released nothing")
    _heading(4, "serve and ask: KServe answers over HTTP")
    sample = chosen.write_example(workspace)
    with running_server(released, workspace / "server.log") as url:
        print_line(f"$ matops predict {url} {sample}")
        predict(url, [sample])
    screen.print(f"\nServe it yourself: matops serve {released} --port 8080", soft_wrap=True)
