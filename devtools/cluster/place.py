"""Where a cluster lies: its name, its directory, and its addresses."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

TOOLS = Path(__file__).parents[2] / ".tools"
FOLDER = Path(__file__).parent
COVERED = ("/run", "/var/lib", "/var/log")
"""Directories of which the node has its own."""


@dataclass(frozen=True)
class Place:
    """What tells one cluster from another on the same machine.

    Attributes:
        name: of the machine's end of its link, and of its control group.
        directory: of all its files.
        subnet: of all its addresses: a quarter for Services, half of it for pods.
    """

    name: str
    directory: Path
    subnet: IPv4Network

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,11}", self.name):
            raise SystemExit(
                f"{self.name}: a name has at most 12 of a-z, 0-9 and -, a letter first"
            )
        if self.subnet.prefixlen > 20:
            raise SystemExit(f"{self.subnet}: a cluster needs a /20 or larger")
        if any(self.directory.is_relative_to(covered) for covered in COVERED):
            raise SystemExit(f"{self.directory}: the node has a directory of its own there")

    @property
    def machine_ip(self) -> IPv4Address:
        """Of this machine, as the node sees it."""
        return self.subnet[1]

    @property
    def node_ip(self) -> IPv4Address:
        """Of the node, and of its API server."""
        return self.subnet[2]

    @property
    def link(self) -> IPv4Network:
        """What machine and node share."""
        return IPv4Network((self.subnet.network_address, 24))

    @property
    def services(self) -> IPv4Network:
        """Addresses of Services."""
        return list(self.subnet.subnets(2))[1]

    @property
    def pods(self) -> IPv4Network:
        """Addresses of pods."""
        return list(self.subnet.subnets(1))[1]

    @property
    def certificates(self) -> Path:
        """Of the authority and of everybody who shows one."""
        return self.directory / "certificates"

    @property
    def configuration(self) -> Path:
        """Of the node's programs, as they read it."""
        return self.directory / "configuration"

    @property
    def logs(self) -> Path:
        """One file a program."""
        return self.directory / "logs"

    @property
    def kubeconfig(self) -> Path:
        """Of the administrator."""
        return self.directory / "kubeconfig"

    def filled(self, text: str) -> str:
        """A configuration or manifest with this cluster's own in place of ``@NAME@``."""
        values = {
            "NAME": self.name,
            "NODE": self.name,
            "NODE_IP": self.node_ip,
            "DNS_IP": self.services[10],
            "GATEWAY_IP": self.services[80],
            "PODS": self.pods,
            "SERVICES": self.services,
            "VOLUMES": "/var/lib/volumes",
            "CERTIFICATES": self.certificates,
            "CONFIGURATION": self.configuration,
        }
        return re.sub(r"@([A-Z_]+)@", lambda found: str(values[found[1]]), text)

    def save(self) -> None:
        """Let ``find`` find it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        kept = {"name": self.name, "subnet": str(self.subnet)}
        (self.directory / "place.json").write_text(json.dumps(kept))


def find(directory: Path) -> Place | None:
    """The cluster whose directory this is."""
    path = directory / "place.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    return Place(kept["name"], directory, IPv4Network(kept["subnet"]))
