"""HAProxy before the arms of a deployment: shares of the traffic, changed without a reload."""

import csv
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from matops.adapters.local.detached_process import TICK_S, DetachedProcess
from matops.adapters.local.haproxy_mirror import FRONTEND, KEY, LUA, LUA_FILE, MAP, map_line
from matops.adapters.release.comparing import COMPARISON
from matops.core.errors import BadInput
from matops.processes.atomic import write_atomic

PROGRAM = "haproxy"
BACKEND, STAND_IN = "arms", "stand-in"
CHECKS = "check inter 1s fall 3 rise 1"
# The first refused connection takes an arm out; the next check that passes brings it back.
WATCHED = f"{CHECKS} observe layer4 error-limit 1 on-error mark-down"
START_S = 10.0
ANSWER_S = 10.0

CONFIGURATION = """\
# Written by matops at every change; the running proxy is changed over its socket.
global
    stats socket unix@admin.sock mode 600 level admin
    maxconn 4096
    # A request can be given to another arm only while it is held whole.
    tune.bufsize {held_bytes}
    lua-load {lua}
defaults
    mode http
    timeout connect 2s
    timeout client 75s
    timeout server 75s
    timeout http-request 30s
    option http-buffer-request
    # A prediction changes nothing, so that an arm which refuses a connection, or ends without
    # an answer, is replaced by another one for this very request.
    option redispatch 1
    retries 3
    retry-on conn-failure empty-response
frontend family
    bind {bind}:{port}
    # What an arm says of itself is asked of that arm.
    http-request deny deny_status 404 if {{ path /metrics }} || {{ path_beg /internal/ }}
    http-request del-header {comparison}
{mirror}    default_backend {backend}
backend {backend}
    balance roundrobin
    option httpchk GET /v2/health/ready
    http-check expect status 200
{servers}"""

HELD_BYTES = 256 * 1024


@dataclass(frozen=True)
class ProxiedServer:
    """One line of the proxy's backend."""

    name: str  # unique in the backend
    port: int  # where the arm listens on this machine
    weight: int | None  # its share among all; without one it stands in where no other is left

    @property
    def words(self) -> str:
        """As the configuration and the runtime interface both say it."""
        if self.weight is None:
            return f"127.0.0.1:{self.port} {CHECKS} backup"
        return f"127.0.0.1:{self.port} {WATCHED} weight {self.weight}"


@dataclass(frozen=True)
class ServerState:
    """A server as the running proxy has it."""

    port: int  # where it sends requests
    weight: int
    under_way: int  # requests and connections that have not ended


class HAProxy:
    """One proxy in a directory with configuration, socket and log; clients ask at ``bind``."""

    def __init__(self, directory: Path, bind: str) -> None:
        self.directory = directory
        self.bind = bind
        self.process = DetachedProcess(directory / "haproxy.process")

    def configure(
        self, port: int, servers: Mapping[str, ProxiedServer], mirror_port: int | None = None
    ) -> None:
        """Write the configuration of the next start, atomically; ``mirror_port`` gets copies."""
        write_atomic(self.directory / LUA_FILE, LUA.encode())
        write_atomic(self.directory / MAP, map_line(mirror_port).encode())
        lines = "".join(f"    server {s.name} {s.words}\n" for s in servers.values())
        text = CONFIGURATION.format(
            bind=self.bind,
            port=port,
            backend=BACKEND,
            servers=lines,
            held_bytes=HELD_BYTES,
            comparison=COMPARISON,
            lua=LUA_FILE,
            mirror=FRONTEND,
        )
        write_atomic(self.directory / "haproxy.cfg", text.encode())

    def start(self) -> None:
        """Start the proxy, unless it runs, and wait until it answers on its socket.

        Raises:
            BadInput: the program is missing, or does not start.
        """
        if self.process.is_running:
            return
        program = shutil.which(PROGRAM)
        if program is None:
            raise BadInput("haproxy is not installed; on Debian: apt install haproxy")
        self.process.start([program, "-db", "-f", "haproxy.cfg"], self.directory)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if not self.process.is_running or time.monotonic() > deadline:
                raise BadInput(f"haproxy did not start; {self.process.log} says why")
            time.sleep(TICK_S)

    def servers(self) -> dict[str, ServerState]:
        """The servers of the running proxy, by name."""
        text = self._command(f"show stat {BACKEND} 4 -1").lstrip("# ")
        return {
            row["svname"]: ServerState(
                int(row["addr"].rpartition(":")[2]),
                int(row["weight"]),
                int(row["scur"]) + int(row["qcur"]),
            )
            for row in csv.DictReader(StringIO(text))
        }

    def add(self, server: ProxiedServer) -> None:
        """Register a server, with its health checks on; it gets traffic once they pass."""
        name = f"{BACKEND}/{server.name}"
        self._expect(f"add server {name} {server.words}", "New server registered.")
        self._expect(f"enable health {name}", "")
        self._expect(f"set server {name} state ready", "")

    def weigh(self, name: str, weight: int) -> None:
        """Change a server's share."""
        self._expect(f"set server {BACKEND}/{name} weight {weight}", "")

    def mirror(self, port: int | None) -> None:
        """Send copies of all requests to a port of this machine, or to nobody.

        Raises:
            BadInput: the proxy was started by a version of matops that could not.
        """
        wanted = map_line(port).split()
        shown = self._command(f"show map {MAP}").split()[1:]  # after the entry's address
        if shown == wanted:
            return
        if shown and shown[0] != KEY:
            if port is None:
                return
            raise BadInput(
                "haproxy was started before requests could be mirrored; "
                "try: matops release down, then up"
            )
        self._expect(f"clear map {MAP}", "")
        if wanted:
            self._expect(f"add map {MAP} {' '.join(wanted)}", "")

    def drain(self, name: str) -> None:
        """Send no new requests to a server."""
        self._expect(f"set server {BACKEND}/{name} state drain", "")

    def remove(self, name: str) -> None:
        """Deregister a server; requests that it still has are cut off."""
        server = f"{BACKEND}/{name}"
        self._expect(f"set server {server} state maint", "")
        self._expect(f"shutdown sessions server {server}", "")
        deadline = time.monotonic() + ANSWER_S
        while (answer := self._command(f"del server {server}")) != "Server deleted.":
            if time.monotonic() > deadline:
                raise BadInput(f"haproxy keeps {server}: {answer}")
            time.sleep(TICK_S)

    def _expect(self, command: str, expected: str) -> None:
        answer = self._command(command)
        if answer != expected:
            raise BadInput(f"haproxy refuses {command!r}: {answer}")

    def _answers(self) -> bool:
        try:
            return bool(self._command("show version"))
        except BadInput:
            return False

    def _command(self, command: str) -> str:
        try:
            with self._socket() as admin:
                admin.sendall(f"{command}\n".encode())
                parts = list(iter(lambda: admin.recv(65536), b""))
        except OSError as error:
            raise BadInput(f"haproxy does not answer on its socket: {error}") from None
        return b"".join(parts).decode().strip()

    @contextmanager
    def _socket(self) -> Iterator[socket.socket]:
        # A socket's path has at most 107 characters, and a workspace may lie deeper.
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            with socket.socket(socket.AF_UNIX) as admin:
                admin.settimeout(ANSWER_S)
                admin.connect(f"/proc/self/fd/{directory}/admin.sock")
                yield admin
        finally:
            os.close(directory)
