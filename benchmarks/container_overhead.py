"""What containers cost: the sizes of the images, and time against processes of this machine.

    python -m benchmarks.container_overhead [--package DIRECTORY] [--repeats 5]

Needs a Docker engine and the images of ``make images``. Each time is a median; the last column is
the container's time by the process's, both on the cores of this one. For one row the image's byte
code is left aside, to show what it brings.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import docker
import httpx
import typer
from kfp import compiler, dsl

from matops.adapters.pipelines.docker_steps import Containers
from matops.adapters.pipelines.local_pipeline import run_pipeline
from matops.entrypoints.cli.pipelines.demo import running_server
from matops.entrypoints.pipelines.images import step_images
from matops.entrypoints.settings import read_settings

USED = step_images(read_settings(), for_platform=False)
IMAGES = (USED.steps, USED.train, USED.steps.replace("matops-", "matops-serve-"))
CORES = ",".join(map(str, sorted(os.sched_getaffinity(0))))
HARDENED = ("docker", "run", "--rm", "--read-only", "--tmpfs", "/tmp", "--cpuset-cpus", CORES)
HELP = ("-m", "matops", "--help")
PACKAGES = "du -sm /opt/matops/lib/python3.11/site-packages/* | sort -rn | head -n 8"
MEGABYTE = 1e6


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Median time of an action, in seconds, once it was done to warm up."""
    taken = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return median(taken[1:])


def run(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def print_sizes() -> None:
    """Size of each image, its layers above 1 MB from the base up, and its largest packages."""
    client = docker.from_env()
    print("| image | MB | layers, MB | largest packages, MiB |\n|---|---|---|---|")
    for name in IMAGES:
        image = client.images.get(name)
        layers = [layer["Size"] / MEGABYTE for layer in reversed(image.history())]
        words = " + ".join(f"{size:.0f}" for size in layers if size >= 1)
        lines = run(*HARDENED, name, "sh", "-c", PACKAGES).splitlines()
        packages = ", ".join(f"{Path(line.split()[1]).name} {line.split()[0]}" for line in lines)
        print(f"| {name} | {image.attrs['Size'] / MEGABYTE:.0f} | {words} | {packages} |")


def print_pair(what: str, process_s: float, container_s: float) -> None:
    """One row: both times and their ratio."""
    print(f"| {what} | {process_s:.2f} | {container_s:.2f} | {container_s / process_s:.2f} |")


def one_step(directory: Path, imports: str) -> Path:
    """A compiled pipeline of one step, which imports what is named and does nothing else."""

    @dsl.component(base_image=USED.steps, install_kfp_package=False)
    def step(module: str) -> None:
        """Import a module."""
        from importlib import import_module

        import_module(module)

    @dsl.pipeline(name="one-step")
    def pipeline() -> None:
        step(module=imports)

    out = directory / f"{imports}.yaml"
    compiler.Compiler().compile(pipeline, str(out))
    return out


def step_times(directory: Path, imports: str, repeats: int) -> tuple[float, float]:
    """Seconds of a pipeline of one step, as a process and in a container."""
    definition, root = one_step(directory, imports), directory / "runs"
    settings = read_settings()
    containers = Containers(directory, (), settings.docker_memory, settings.docker_network)

    def once(how: Containers | None) -> None:
        run_pipeline(definition, {}, root, {}, lambda line: None, how)

    return seconds(lambda: once(None), repeats), seconds(lambda: once(containers), repeats)


@contextmanager
def served_in_container(package: Path) -> Iterator[str]:
    """The serving image on a package; yields its URL when it is ready."""
    user = ("--user", f"{os.getuid()}:{os.getgid()}")
    options = ("--detach", "--publish", "127.0.0.1::8080", "--volume", f"{package}:/mnt/models:ro")
    name = run(*HARDENED, *user, *options, IMAGES[2]).strip()
    url = f"http://{run('docker', 'port', name, '8080').strip()}"
    try:
        while not _ready(url):
            time.sleep(0.05)
            run("docker", "top", name)  # fails where it has ended
        yield url
    finally:
        run("docker", "kill", name)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v2/health/ready", timeout=2.0).is_success
    except httpx.HTTPError:
        return False


def print_serving(package: Path, repeats: int) -> None:
    """Seconds from the start of a server until it is ready, its golden requests included."""
    with TemporaryDirectory() as directory:
        log = Path(directory) / "server.log"

        def until_ready(start: Callable[[], AbstractContextManager[str]]) -> float:
            begin = time.perf_counter()
            with start():
                return time.perf_counter() - begin

        process = [until_ready(lambda: running_server(package, log)) for _ in range(repeats)]
        container = [until_ready(lambda: served_in_container(package)) for _ in range(repeats)]
    print_pair("a server until it is ready", median(process), median(container))


def in_container(image: str, command: Sequence[str], *options: str) -> Callable[[], str]:
    """Run Python in an image."""
    return lambda: run(*HARDENED, "--network", "none", *options, image, "python", *command)


def main(
    package: Annotated[Path | None, typer.Option(help="A released package, to serve")] = None,
    repeats: Annotated[int, typer.Option(help="Times that each is done")] = 5,
) -> None:
    """Print sizes, and seconds as a process and in a container."""
    print_sizes()
    print("\n| what | process, s | container, s | ratio |\n|---|---|---|---|")
    plain = seconds(lambda: run(sys.executable, *HELP), repeats)
    print_pair("matops --help", plain, seconds(in_container(USED.steps, HELP), repeats))
    forgets = in_container(USED.steps, HELP, "--env", "PYTHONPYCACHEPREFIX=/tmp/none")
    print_pair("matops --help, no byte code in the image", plain, seconds(forgets, repeats))
    empty = in_container(USED.steps, ("-c", "pass"))
    print_pair(
        "nothing",
        seconds(lambda: run(sys.executable, "-c", "pass"), repeats),
        seconds(empty, repeats),
    )
    with TemporaryDirectory() as directory:
        for imports in ("json", "matops.entrypoints.learning.workflow"):
            times = step_times(Path(directory), imports, repeats)
            print_pair(f"a step that imports {imports}", *times)
    if package:
        print_serving(package.resolve(), repeats)


if __name__ == "__main__":
    typer.run(main)
