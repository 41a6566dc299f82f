"""Start a Kubernetes cluster of one node, look at it, and take it away: docs/cluster.md."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated

import typer

from devtools.cluster import namespaces, programs, remains, starting
from devtools.cluster.parts import PARTS, chosen
from devtools.cluster.place import TOOLS, Place, find

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
Directory = Annotated[Path, typer.Option(envvar="CLUSTER_DIR", help="Where its files are")]
DEFAULT = TOOLS / "cluster"


@app.command()
def up(
    directory: Directory = DEFAULT,
    name: Annotated[str, typer.Option(envvar="CLUSTER_NAME", help="Name of the node")] = "matops",
    subnet: Annotated[
        str, typer.Option(envvar="CLUSTER_SUBNET", help="Addresses of node, pods and Services")
    ] = "10.213.0.0/16",
    parts: Annotated[
        str, typer.Option(envvar="CLUSTER_PARTS", help="Folders, with spaces between; else all")
    ] = "",
) -> None:
    """Start a cluster, or what doesn't run any more of one."""
    clock = starting.Clock()
    wanted = chosen(parts)
    starting.check_machine()
    starting.check_built()
    place = find(directory.resolve()) or Place(name, directory.resolve(), IPv4Network(subnet))
    if namespaces.holder(place) is None:
        starting.prepare(place)
    starting.start(place, wanted, clock)
    print(f"logs are in {place.logs}\nexport KUBECONFIG={place.kubeconfig}")


@app.command()
def check() -> None:
    """Say what this machine lacks, before half an hour is spent on building."""
    starting.check_machine()


@app.command()
def down(directory: Directory = DEFAULT) -> None:
    """End a cluster and remove all that is its."""
    place = find(directory.resolve())
    if place is None:
        print(f"no cluster in {directory}")
        return
    namespaces.release(place)
    remains.remove_control_groups(place)
    remains.remove_files(place)


@app.command()
def status(directory: Directory = DEFAULT) -> None:
    """List the node's programs with their memory and their logs."""
    place = find(directory.resolve())
    if place is None:
        raise SystemExit(f"no cluster in {directory}")
    of_parts = [part.process.name for part in PARTS if part.process]
    for name in (*programs.programs(place), *of_parts):
        pid = programs.pid(place, name)
        state = "not running" if pid is None else f"{_resident_MiB(pid):4d} MiB"
        print(f"{name:24}{state:14}{place.logs / name}.log")


@app.command()
def enter(command: list[str], directory: Directory = DEFAULT) -> None:
    """Run a command in the node's namespaces, as: enter -- ctr -n k8s.io images ls."""
    place = find(directory.resolve())
    if place is None:
        raise SystemExit(f"no cluster in {directory}")
    run = namespaces.enter(place, *command)
    os.execvp(run[0], run)  # noqa: S606


def _resident_MiB(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found[1]) // 1024 if found else 0


if __name__ == "__main__":
    app()
