"""The node's own view of the machine: mounts, network and processes.

One process holds all three. When it ends, the kernel ends what runs in them, and takes mounts,
links, rules and routes away: nothing is left that would have to be found.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from ipaddress import IPv4Network
from pathlib import Path

from devtools.cluster.place import COVERED, FOLDER, TOOLS, Place

PATIENCE_S = 20.0


def holder(place: Place) -> int | None:
    """The process that holds the namespaces, if it is there."""
    try:
        pid = int((place.directory / "holder.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    # Numbers of processes are used again.
    return pid if command[:2] == [os.fsencode(TOOLS / "bin/pause"), place.name.encode()] else None


def enter(place: Place, *command: str) -> list[str]:
    """A command line that runs another in the node's namespaces, and ends with it."""
    pid = holder(place)
    if pid is None:
        raise SystemExit(f"no cluster runs in {place.directory}; make cluster starts one")
    into = ["nsenter", f"--target={pid}", "--mount", "--net", "--pid"]
    return [*into, "setpriv", "--pdeathsig", "KILL", *command]


def hold(place: Place) -> None:
    """Make the namespaces, and link the node to the machine."""
    _refuse_used(place.subnet)
    for covered in COVERED:
        (place.directory / "node" / covered.strip("/")).mkdir(parents=True, exist_ok=True)
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    script = [str(FOLDER / "hold.sh"), str(place.directory / "node"), str(TOOLS / "bin/pause")]
    with (place.logs / "holder.log").open("wb") as log:
        outside = subprocess.Popen(  # noqa: S603
            [*unshare, *script, place.name, *COVERED],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _wait_for_holder(place, outside)
    _link(place)


def _wait_for_holder(place: Place, outside: subprocess.Popen[bytes]) -> None:
    children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children")
    deadline = time.monotonic() + PATIENCE_S
    while holder(place) is None:
        if outside.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"no namespaces; see {place.logs / 'holder.log'}")
        (place.directory / "holder.pid").write_text(children.read_text().strip())
        time.sleep(0.02)


def _refuse_used(subnet: IPv4Network) -> None:
    routes = json.loads(_run("ip", "-json", "-4", "route"))
    for route in routes:
        if route["dst"] != "default" and IPv4Network(route["dst"]).overlaps(subnet):
            raise SystemExit(
                f"{subnet}: this machine has a route to {route['dst']}; "
                "name another with CLUSTER_SUBNET=10.x.0.0/16"
            )


def _link(place: Place) -> None:
    """A cable between machine and node, and the machine's routes to Services and pods."""
    prefix, there = place.link.prefixlen, f"--net=/proc/{holder(place)}/ns/net"
    peer = ("peer", "name", "eth0", "netns", str(holder(place)))
    _run("ip", "link", "add", place.name, "type", "veth", *peer)
    _run("ip", "address", "add", f"{place.machine_ip}/{prefix}", "dev", place.name)
    _run("ip", "link", "set", place.name, "up")
    node = ("nsenter", there, "ip")
    _run(*node, "address", "add", f"{place.node_ip}/{prefix}", "dev", "eth0")
    _run(*node, "link", "set", "eth0", "up")
    _run(*node, "route", "add", "default", "via", str(place.machine_ip))
    for network in (place.services, place.pods):
        _run("ip", "route", "add", str(network), "via", str(place.node_ip))


def release(place: Place) -> None:
    """End the holder and with it everything in the namespaces."""
    pid = holder(place)
    if pid is None:
        return
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists() or Path(f"/sys/class/net/{place.name}").exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{place.name}: process {pid} doesn't end")
        time.sleep(0.05)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
