"""One authority, and a certificate for everybody who has to show one."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

from devtools.cluster.place import Place

DAYS = "365"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "apiserver-kubelet-client": "/O=system:masters/CN=kube-apiserver-kubelet-client",
    "controller-manager": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "proxy": "/CN=system:kube-proxy",
    "policies": "/CN=policies",
}
"""Names and groups, as roles name them."""


def make(place: Place) -> None:
    """Write keys, certificates, and a kubeconfig for each of the node's programs."""
    directory = place.certificates
    directory.mkdir(mode=0o700)
    _openssl(
        directory,
        *("req", "-x509", "-subj", "/CN=kubernetes", "-days", DAYS, *CURVE),
        *("-keyout", "ca.key", "-out", "ca.crt"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    names = ["localhost", "kubernetes"]
    names += [f"kubernetes.default{rest}" for rest in ("", ".svc", ".svc.cluster.local")]
    addresses = ["127.0.0.1", str(place.services[1]), str(place.node_ip)]
    _sign(directory, "apiserver", "/CN=kube-apiserver", "serverAuth", names, addresses)
    _sign(directory, "kubelet-server", "/CN=node", "serverAuth", [place.name], addresses[2:])
    clients = {**CLIENTS, "node": f"/O=system:nodes/CN=system:node:{place.name}"}
    for name, subject in clients.items():
        _sign(directory, name, subject, "clientAuth")
        _write_kubeconfig(place, name)
    place.kubeconfig.touch(mode=0o600)
    place.kubeconfig.write_text((directory / "admin.conf").read_text())
    _openssl(directory, "genrsa", "-out", "accounts.key", "2048")
    _openssl(directory, "rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")


def _sign(
    directory: Path,
    name: str,
    subject: str,
    use: str,
    names: list[str] | None = None,
    addresses: list[str] | None = None,
) -> None:
    alternatives = [f"DNS:{dns}" for dns in names or []] + [f"IP:{ip}" for ip in addresses or []]
    known_as = ["-addext", f"subjectAltName={','.join(alternatives)}"] if alternatives else []
    _openssl(
        directory,
        *("req", "-x509", "-CA", "ca.crt", "-CAkey", "ca.key", "-subj", subject, "-days", DAYS),
        *(*CURVE, "-keyout", f"{name}.key", "-out", f"{name}.crt"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
        *("-addext", "keyUsage=critical,digitalSignature"),
        *("-addext", f"extendedKeyUsage={use}", *known_as),
    )


def _write_kubeconfig(place: Place, name: str) -> None:
    def content(file: str) -> str:
        return base64.b64encode((place.certificates / file).read_bytes()).decode()

    server = {
        "server": f"https://{place.node_ip}:6443",
        "certificate-authority-data": content("ca.crt"),
    }
    user = {
        "client-certificate-data": content(f"{name}.crt"),
        "client-key-data": content(f"{name}.key"),
    }
    configuration = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": place.name,
        "contexts": [{"name": place.name, "context": {"cluster": place.name, "user": name}}],
        "clusters": [{"name": place.name, "cluster": server}],
        "users": [{"name": name, "user": user}],
    }
    (place.certificates / f"{name}.conf").write_text(json.dumps(configuration))


def _openssl(directory: Path, *arguments: str) -> None:
    command = ["openssl", *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"openssl {arguments[0]}: {done.stderr.strip()}")
