"""A real Kubernetes API server with its store, and nothing else: no node, no controller.

What it is given is decoded, validated, admitted and authorised as in any cluster; nothing runs.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.kustomize import TOOLS

START_S = 60.0


@dataclass(frozen=True)
class ApiServer:
    """A server that runs.

    Attributes:
        kubeconfig: the way to it, as its administrator.
    """

    kubeconfig: Path

    def kubectl(
        self, *arguments: str, given: Any = None, fails: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, on objects if some are given, and fail where it does (or does not)."""
        command = [tool("kubectl"), "--kubeconfig", str(self.kubeconfig), *arguments]
        text = (
            ""
            if given is None
            else json.dumps({"apiVersion": "v1", "kind": "List", "items": given})
        )
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done

    def get(self, *arguments: str) -> Any:
        """What kubectl gets, as JSON."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def add_kinds(self, definitions: Sequence[Any]) -> None:
        """Create CustomResourceDefinitions, and wait until all that there are can be used."""
        self.kubectl("create", "--filename=-", given=definitions)
        deadline = time.monotonic() + START_S
        while not all(map(_is_established, self.get("crd")["items"])):
            assert time.monotonic() < deadline
            time.sleep(0.2)


def _is_established(definition: dict[str, Any]) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []
    return {"Established": "True"}.items() <= {c["type"]: c["status"] for c in conditions}.items()


def tool(name: str) -> str:
    """Path of a program; those that were built here come first, as they fit the server."""
    found = shutil.which(name, path=str(TOOLS / "bin")) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here; make api-server builds it")
    return found


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
    command = [tool("kubectl"), "--kubeconfig", str(server.kubeconfig), "get", "--raw", "/readyz"]
    deadline = time.monotonic() + START_S
    while subprocess.run(command, capture_output=True).returncode:
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.2)
