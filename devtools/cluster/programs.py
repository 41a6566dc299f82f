"""The node's programs: what they are called with, and whether they run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devtools.cluster.namespaces import enter
from devtools.cluster.place import TOOLS, Place

STOP_S = 10.0


@dataclass(frozen=True)
class Program:
    """A program of the node.

    Attributes:
        name: of the file, here and of its log.
        arguments: of its command line, each with the cluster's own in place of ``@NAME@``.
    """

    name: str
    arguments: tuple[str, ...]


def programs(place: Place) -> dict[str, Program]:
    """All of them, in the order in which they are started."""
    found = (_etcd(), _api_server(place), _containerd(place), *_controllers(place), *_node(place))
    return {program.name: program for program in found}


def _etcd() -> Program:
    here = "http://127.0.0.1"
    return Program(
        "etcd",
        (
            *("--data-dir", "/var/lib/etcd", "--log-level", "error"),
            "--unsafe-no-fsync",  # what it holds goes with the cluster
            *("--listen-client-urls", f"{here}:2379", "--advertise-client-urls", f"{here}:2379"),
            *("--listen-peer-urls", f"{here}:2380"),
        ),
    )


def _api_server(place: Place) -> Program:
    files = place.certificates
    return Program(
        "kube-apiserver",
        (
            *("--etcd-servers", "http://127.0.0.1:2379"),
            *("--bind-address", "0.0.0.0", "--advertise-address", str(place.node_ip)),  # noqa: S104
            *("--tls-cert-file", f"{files}/apiserver.crt"),
            *("--tls-private-key-file", f"{files}/apiserver.key"),
            *("--client-ca-file", f"{files}/ca.crt"),
            *("--requestheader-client-ca-file", f"{files}/ca.crt"),
            *("--requestheader-allowed-names", "front-proxy-client"),
            *("--kubelet-certificate-authority", f"{files}/ca.crt"),
            *("--kubelet-client-certificate", f"{files}/apiserver-kubelet-client.crt"),
            *("--kubelet-client-key", f"{files}/apiserver-kubelet-client.key"),
            *("--kubelet-preferred-address-types", "InternalIP"),
            *("--service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
            *("--service-account-key-file", f"{files}/accounts.pub"),
            *("--service-account-signing-key-file", f"{files}/accounts.key"),
            *("--authorization-mode", "Node,RBAC"),
            *("--enable-admission-plugins", "NodeRestriction"),
            *("--service-cluster-ip-range", str(place.services)),
            "--allow-privileged",
        ),
    )


def _containerd(place: Place) -> Program:
    return Program("containerd", ("--config", f"{place.configuration}/containerd.toml"))


def _controllers(place: Place) -> Iterator[Program]:
    files = place.certificates
    for name in ("controller-manager", "scheduler"):
        kubeconfig = f"{files}/{name}.conf"
        common = (
            *("--kubeconfig", kubeconfig, "--leader-elect=false"),
            *("--authentication-kubeconfig", kubeconfig),
            *("--authorization-kubeconfig", kubeconfig),
        )
        accounts = (
            "--use-service-account-credentials",
            *("--service-account-private-key-file", f"{files}/accounts.key"),
            *("--root-ca-file", f"{files}/ca.crt"),
            *("--cluster-signing-cert-file", f"{files}/ca.crt"),
            *("--cluster-signing-key-file", f"{files}/ca.key"),
        )
        yield Program(f"kube-{name}", common + (accounts if name == "controller-manager" else ()))


def _node(place: Place) -> Iterator[Program]:
    yield Program(
        "kubelet",
        (
            *("--config", f"{place.configuration}/kubelet.yaml"),
            *("--kubeconfig", f"{place.certificates}/node.conf"),
            *("--hostname-override", place.name, "--node-ip", str(place.node_ip)),
        ),
    )
    yield Program("kube-proxy", ("--config", f"{place.configuration}/proxy.yaml"))


def find(name: str) -> str | None:
    """Path of a program; those that were built here come first."""
    return shutil.which(name, path=str(TOOLS / "bin")) or shutil.which(name)


def pid(place: Place, name: str) -> int | None:
    """The program's process, if it runs."""
    try:
        outside = int(_pid_file(place, name).read_text())
        inside = Path(f"/proc/{outside}/task/{outside}/children").read_text().split()
        [found] = map(int, inside)
        running = Path(f"/proc/{found}/exe").readlink()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return found if running.name == name else None


def start(place: Place, program: Program) -> None:
    """Start a program, unless it runs."""
    if pid(place, program.name) is not None:
        return
    found = find(program.name)
    if found is None:
        raise SystemExit(f"{program.name} is not here; see docs/cluster.md")
    with (place.logs / f"{program.name}.log").open("ab") as log:
        outside = subprocess.Popen(  # noqa: S603
            enter(place, found, *map(place.filled, program.arguments)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _pid_file(place, program.name).write_text(str(outside.pid))


def stop(place: Place, name: str) -> None:
    """End a program as an administrator would: asked first, then made to."""
    running = pid(place, name)
    if running is None:
        return
    os.kill(running, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while pid(place, name) is not None:
        if time.monotonic() > deadline:
            os.kill(running, signal.SIGKILL)
        time.sleep(0.05)


def _pid_file(place: Place, name: str) -> Path:
    return place.directory / "pids" / name
