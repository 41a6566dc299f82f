"""From nothing to a node whose parts are ready."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from devtools.cluster import certificates, namespaces, programs, remains
from devtools.cluster.images import Image, busybox_image, load, program_image
from devtools.cluster.parts import Part, apply, kubectl, wait
from devtools.cluster.place import FOLDER, TOOLS, Place

READY_S = 60.0
DEBIAN = {
    "containerd": "containerd",
    "runc": "runc",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",
    "ipset": "ipset",
    "openssl": "openssl",
    "busybox": "busybox-static",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
"""The distribution's programs, and the packages that bring them."""
REQUIRED = ("kube-apiserver", "kubectl", "etcd", "kubelet", "kube-proxy", "pause")


def check_machine() -> None:
    """Say in one line what this machine lacks."""
    if os.geteuid() != 0:
        raise SystemExit("a cluster of one's own needs root; on any other, KUBECONFIG names it")
    missing = {package for program, package in DEBIAN.items() if shutil.which(program) is None}
    if missing:
        raise SystemExit(f"missing: apt-get install {' '.join(sorted(missing))}")


def check_built() -> None:
    """Say in one line which of the node's programs are not built."""
    unbuilt = [program for program in REQUIRED if programs.find(program) is None]
    if unbuilt:
        raise SystemExit(f"not built: {', '.join(unbuilt)}; make cluster builds them")


def prepare(place: Place) -> None:
    """Everything that is there before a program starts."""
    remains.remove_files(place)
    place.save()
    for directory in (place.logs, place.directory / "pids"):
        directory.mkdir()
    shutil.copytree(FOLDER / "configuration", place.configuration)
    for path in place.configuration.rglob("*.*"):
        path.write_text(place.filled(path.read_text()))
    certificates.make(place)
    namespaces.hold(place)
    remains.make_control_groups(place)


class Clock:
    """Says what happened, and how long after the start."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def say(self, what: str) -> None:
        """Print one line."""
        print(f"{time.monotonic() - self._started_s:5.1f} s  {what}", flush=True)


def start(place: Place, parts: list[Part], clock: Clock) -> None:
    """Start every program that doesn't run, and the parts that are built."""
    found = programs.programs(place)
    for name in ("etcd", "kube-apiserver", "containerd"):
        programs.start(place, found[name])
    built = [part for part in parts if part.is_built()]
    with ThreadPoolExecutor() as beside:
        loading = {part: beside.submit(_load, place, part.images()) for part in built}
        own = beside.submit(_load, place, _own_images())
        _wait_for_api_server(place)
        clock.say(f"the API server answers at https://{place.node_ip}:6443")
        for program in found.values():
            programs.start(place, program)
        own.result()
        _wait_for_node(place)
        clock.say(f"node {place.name} is ready")
        list(beside.map(lambda part: _start_part(place, part, loading[part], clock), built))
    for part in parts:
        if part not in built:
            clock.say(f"without {part.folder}, which is not built")


def _start_part(place: Place, part: Part, loading: Future[None], clock: Clock) -> None:
    loading.result()
    wait(place, apply(place, part))
    if part.process:
        programs.start(place, part.process)
    clock.say(f"{part.folder} is ready")


def _own_images() -> list[Image]:
    busybox = shutil.which("busybox") or "busybox"
    return [program_image(TOOLS / "bin/pause"), busybox_image(Path(busybox))]


def _load(place: Place, images: list[Image]) -> None:
    _wait_for(place, "containerd", lambda: _succeeds(namespaces.enter(place, "ctr", "version")))
    load(place, images)


def _wait_for_api_server(place: Place) -> None:
    client = [str(TOOLS / "bin/kubectl"), "--kubeconfig", str(place.kubeconfig)]
    ready = [*client, "get", "--raw=/readyz"]
    _wait_for(place, "kube-apiserver", lambda: _succeeds(ready))


def _wait_for_node(place: Place) -> None:
    _wait_for(place, "kubelet", lambda: place.name in kubectl(place, "get", "nodes"))
    kubectl(place, "wait", f"node/{place.name}", "--for=condition=Ready", f"--timeout={READY_S:g}s")


def _wait_for(place: Place, program: str, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    while not happened():
        if time.monotonic() > deadline or programs.pid(place, program) is None:
            raise SystemExit(f"{program} doesn't answer; see {place.logs / program}.log")
        time.sleep(0.2)


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0  # noqa: S603
