"""make cluster and make cluster-down: a cluster comes, is mended, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from devtools.cluster import programs, remains
from devtools.cluster.place import Place
from tests.support.cluster import Cluster, Namespace
from tests.support.kubectl import tool
from tests.support.places import REPOSITORY

pytestmark = pytest.mark.cluster

SUBNET = "10.219.0.0/16"
PARTS = ("coredns", "storage-provisioner", "kubelet", "kube-proxy", "pause")
OUTSIDE = ("/run", "/var/lib", "/var/log", "/etc", "/opt", "/usr/libexec")
"""Where a node has files that nobody can place elsewhere; other nodes use what is there already."""


@dataclass(frozen=True)
class Machine:
    """What a cluster might leave behind."""

    links: set[str]
    routes: set[str]
    files: set[Path]

    def without(self, other: Machine) -> Machine:
        """What is here and was not there."""
        return Machine(
            self.links - other.links,
            self.routes - other.routes,
            self.files - other.files,
        )


def machine() -> Machine:
    """This machine now, as far as clusters change it."""
    command = ["ip", "-4", "route"]
    routes = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Machine(
        {path.name for path in Path("/sys/class/net").iterdir()},
        {line.split()[0] for line in routes.splitlines()},
        {path for top in OUTSIDE for path in Path(top).glob("*")},
    )


def call(place: Place, command: str) -> str:
    """Run a command of devtools.cluster on the test's cluster."""
    chosen = {
        "CLUSTER_DIR": str(place.directory),
        "CLUSTER_NAME": place.name,
        "CLUSTER_SUBNET": str(place.subnet),
        "CLUSTER_PARTS": "dns storage",
    }
    done = subprocess.run(
        [sys.executable, "-m", "devtools.cluster", command],
        cwd=REPOSITORY,
        env=os.environ | chosen,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def before() -> Machine:
    return machine()


@pytest.fixture(scope="module")
def place(before: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A second cluster, beside any that runs here."""
    if os.geteuid() != 0:
        pytest.skip("a cluster of one's own needs root")
    for program in (*PARTS, "containerd", "busybox"):
        tool(program)
    place = Place("leaves-none", tmp_path_factory.mktemp("cluster") / "own", IPv4Network(SUBNET))
    try:
        call(place, "up")
        yield place
    finally:
        call(place, "down")


def test_a_program_that_was_killed_is_started_again(place: Place) -> None:
    killed = programs.pid(place, "kube-apiserver")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert "the API server answers" in call(place, "up")
    assert programs.pid(place, "kube-apiserver") not in (None, killed)


def test_the_nodes_programs_are_listed_with_their_logs(place: Place) -> None:
    lines = [line.split() for line in call(place, "status").splitlines()]
    running = {line[0]: Path(line[-1]) for line in lines if line[2] == "MiB"}
    assert running.keys() == programs.programs(place).keys()
    assert all(log.exists() for log in running.values())


def test_down_leaves_nothing(place: Place, before: Machine) -> None:
    namespace = Namespace(Cluster(place.kubeconfig), "default")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "kept"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    volume = {"name": "kept", "persistentVolumeClaim": {"claimName": "kept"}}
    mounted = {"volumeMounts": [{"name": "kept", "mountPath": "/kept"}]}
    namespace.apply(claim)
    namespace.start("left", "sleep 3600", volumes=[volume], container=mounted)
    assert remains.control_groups(place)
    assert place.name in machine().without(before).links
    running = [programs.pid(place, name) for name in programs.programs(place)]
    call(place, "down")
    left = machine().without(before)
    assert left == Machine(set(), set(), set())
    assert not remains.control_groups(place)
    assert str(place.directory) not in Path("/proc/mounts").read_text()
    assert not place.directory.exists()
    assert not any(Path(f"/proc/{pid}").exists() for pid in running)
