"""Reconcile what runs on this machine with a deployment's state, without losing a request."""

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from matops.adapters.local.detached_process import TICK_S
from matops.adapters.local.haproxy import STAND_IN, ProxiedServer
from matops.adapters.local.local_deployment import LocalDeployment, State, is_ready
from matops.adapters.local.scrape_targets import write_configuration, write_targets
from matops.core.release.rollout import Arm

DRAIN_S, END_S = 75.0, 60.0
"""Longest wait for an arm's requests, and then for its process."""

Notice = Callable[[str], None]


class Reconciliation:
    """One reconciliation of a deployment with a state; ``notice`` gets each step before it."""

    def __init__(self, deployment: LocalDeployment, state: State, notice: Notice) -> None:
        self.deployment, self.state, self.notice = deployment, state, notice
        self.proxy = deployment.proxy

    def run(self) -> None:
        """New arms start, shares move, and only then old arms end."""
        self._start_arms()
        self._tell_prometheus()
        servers, mirror_port = self._servers(), self._mirror_port()
        self.notice("configuration")
        self.proxy.configure(self.state.port, servers, mirror_port)
        self.notice("proxy")
        self.proxy.start()
        self._share(servers)
        self.notice("mirror")
        self.proxy.mirror(mirror_port)
        self._dismiss(servers)
        self._end_arms()

    def _start_arms(self) -> None:
        for name, arm in self.state.arms.items():
            process = self.deployment.process(name)
            if name in self.state.arm_ports and process.is_running:
                continue
            self.notice(f"port of {name}")
            # Written before the start: an arm that runs has a port that is known.
            ports = {**self.state.arm_ports, name: _free_port()}
            self.state = replace(self.state, arm_ports=ports)
            self.deployment.write(self.state)
            process.stop(0)
            self.notice(f"start of {name}")
            given = self.deployment.host.environment
            command = self._command(arm, ports[name])
            process.start(command, self.deployment.directory, given() if given else None)

    def _command(self, arm: Arm, port: int) -> Sequence[str]:
        host = self.deployment.host
        options = ("--port", str(port), "--variant", arm.name)
        kept = ("--keep-requests", str(host.keep_requests)) if host.keep_requests else ()
        return [*host.serve, str(Path(arm.package).resolve()), *options, *kept]

    def _servers(self) -> dict[str, ProxiedServer]:
        """What the proxy should have: shares of those that are ready, the rest the champion's."""
        rollout, ports = self.state.rollout, self.state.arm_ports
        champion = rollout.champion.name
        shares = dict(rollout.shares_percent)
        for name in shares:
            if name != champion and not is_ready(ports[name]):
                shares[champion] += shares[name]
                shares[name] = 0
        stand_in = f"{champion}.{STAND_IN}"
        servers = [ProxiedServer(name, ports[name], share) for name, share in shares.items()]
        servers.append(ProxiedServer(stand_in, ports[champion], None))
        return {server.name: server for server in servers}

    def _mirror_port(self) -> int | None:
        """Where copies of the requests go: to a candidate that is ready, if to anybody."""
        rollout = self.state.rollout
        if not rollout.is_mirrored or rollout.candidate is None:
            return None
        port = self.state.arm_ports[rollout.candidate.name]
        return port if is_ready(port) else None

    def _share(self, servers: dict[str, ProxiedServer]) -> None:
        seen = self.proxy.servers()
        for name, server in servers.items():
            if name in seen and seen[name].port != server.port:
                self.notice(f"removal of {name}")
                self.proxy.remove(name)
                del seen[name]
            if name not in seen:
                self.notice(f"addition of {name}")
                self.proxy.add(server)
        # Who gains goes first: at no time has nobody a share.
        gaining = sorted(servers.values(), key=lambda server: -(server.weight or 0))
        for server in gaining:
            running = seen.get(server.name)
            if server.weight is not None and running and running.weight != server.weight:
                self.notice(f"share of {server.name}")
                self.proxy.weigh(server.name, server.weight)

    def _dismiss(self, servers: dict[str, ProxiedServer]) -> None:
        """Drain the servers that the state no longer names, and remove them once they are idle."""
        leaving = sorted(set(self.proxy.servers()) - set(servers))
        for name in leaving:
            self.notice(f"drain of {name}")
            self.proxy.drain(name)
        deadline = time.monotonic() + DRAIN_S
        while any(self.proxy.servers()[name].under_way for name in leaving):
            if time.monotonic() > deadline:
                break
            time.sleep(TICK_S)
        for name in leaving:
            self.notice(f"removal of {name}")
            self.proxy.remove(name)

    def _end_arms(self) -> None:
        for name in sorted(set(self.state.arm_ports) - set(self.state.arms)):
            self.notice(f"end of {name}")
            self.deployment.process(name).stop(END_S)
            ports = {arm: port for arm, port in self.state.arm_ports.items() if arm != name}
            self.state = replace(self.state, arm_ports=ports)
            self.deployment.write(self.state)

    def _tell_prometheus(self) -> None:
        named = self.state.arms
        ports = {name: port for name, port in self.state.arm_ports.items() if name in named}
        write_configuration(self.deployment.host.root, self.deployment.host.scrape_every_s)
        write_targets(self.deployment.host.root, self.deployment.family, ports)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
