"""A real Kubernetes API server with its store, and nothing else: no node, no controller.

What it is given is decoded, validated, admitted and authorised as in any cluster; nothing runs.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.kubectl import Kubectl, tool

START_S = 60.0


class ApiServer(Kubectl):
    """A server that runs, as its administrator sees it."""


@contextmanager
def running_api_server(directory: Path) -> Iterator[ApiServer]:
    """Start etcd and the API server on free ports of this machine, and end them."""
    store, peers, port = free_ports(3)
    accounts, tokens = directory / "accounts.key", directory / "tokens.csv"
    accounts.write_bytes(private_key())
    tokens.write_text('administrator,admin,1,"system:masters"\n')
    etcd = [
        *(tool("etcd"), "--data-dir", str(directory / "store"), "--log-level", "error"),
        *("--listen-client-urls", f"http://127.0.0.1:{store}"),
        *("--advertise-client-urls", f"http://127.0.0.1:{store}"),
        *("--listen-peer-urls", f"http://127.0.0.1:{peers}"),
    ]
    server = [
        *(tool("kube-apiserver"), "--etcd-servers", f"http://127.0.0.1:{store}"),
        *("--bind-address", "127.0.0.1", "--secure-port", str(port)),
        *("--cert-dir", str(directory / "certificates"), "--token-auth-file", str(tokens)),
        *("--service-account-issuer", "https://kubernetes.default.svc"),
        *("--service-account-key-file", str(accounts)),
        *("--service-account-signing-key-file", str(accounts)),
        *("--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.96.0.0/24"),
    ]
    with process(etcd, directory / "etcd.log"), process(server, directory / "server.log"):
        found = ApiServer(kubeconfig(directory / "kubeconfig", port, directory / "certificates"))
        wait_until_ready(found, directory / "server.log")
        yield found


@contextmanager
def process(command: list[str], log: Path) -> Iterator[None]:
    with log.open("w") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def private_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def kubeconfig(path: Path, port: int, certificates: Path) -> Path:
    """The certificate is the server's own, which names this machine."""
    address = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority": str(certificates / "apiserver.crt"),
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": address}],
        "users": [{"name": "me", "user": {"token": "administrator"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "current-context": "here",
    }
    path.write_text(json.dumps(content))
    return path


def wait_until_ready(server: ApiServer, log: Path) -> None:
    command = server.command("get", "--raw", "/readyz")
    deadline = time.monotonic() + START_S
    while subprocess.run(command, capture_output=True).returncode:
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.2)
