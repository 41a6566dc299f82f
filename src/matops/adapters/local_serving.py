"""Packages served on this machine: a process for each arm, and HAProxy before them.

The deployment's own directory holds its state: which arms there are, and who gets which share. It
is written before anything else changes, so that whoever comes after a kill knows where to go on.
"""

import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGUSR1

import httpx
from filelock import FileLock

from matops.adapters.detached_process import TICK_S, DetachedProcess
from matops.adapters.haproxy import STAND_IN, HAProxy, ProxiedServer
from matops.adapters.scrape_targets import write_configuration, write_targets
from matops.artifacts.jsonfile import read_json, write_json
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.rollout import Arm, Rollout

STATE, LOCK, ARMS = "deployment.json", "lock", "arms"
READY_TRIES, READY_TIMEOUT_S = 3, 2.0
DRAIN_S, END_S = 75.0, 60.0
"""Longest wait for an arm's requests, and then for its process."""

Notice = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where a machine serves, and how.

    Attributes:
        root: directory of all deployments.
        port: where clients ask a family that is deployed anew.
        serve: command that serves a package, without its arguments.
        keep_requests: recent requests that each arm keeps for comparisons.
        scrape_every_s: how often Prometheus is told to look.
    """

    root: Path
    port: int = 8080
    serve: tuple[str, ...] = (sys.executable, "-m", "matops", "serve")
    keep_requests: int = 32
    scrape_every_s: float = 15.0


@dataclass(frozen=True)
class _State:
    """What the deployment's file holds."""

    port: int
    rollout: Rollout
    arm_ports: dict[str, int] = field(default_factory=dict)


class LocalServing:
    """The port ``Serving`` for one machine.

    Args:
        place: where and how.
        notice: told what is about to be done, step by step.
    """

    def __init__(self, place: Place, notice: Notice = lambda step: None) -> None:
        self.place = place
        self.notice = notice

    def rollout(self, family: Family) -> Rollout | None:
        """The state on the deployment, or None while nothing is deployed."""
        state = self._read(family)
        return state.rollout if state else None

    def url(self, family: Family) -> str:
        """Where clients ask.

        Raises:
            BadInput: nothing is deployed.
        """
        return f"http://127.0.0.1:{self._state(family).port}"

    def apply(self, family: Family, rollout: Rollout) -> None:
        """Bring the deployment to a state; the same state again repairs what is missing.

        An arm that is not ready yet gets its share at the next call after it is.

        Raises:
            BadInput: the deployment has moved on since the state was decided, or HAProxy is
                missing.
        """
        directory = self._directory(family)
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / LOCK):
            before = self._read(family)
            if before is None:
                before = _State(self.place.port, rollout)
            elif rollout != before.rollout and rollout.generation != before.rollout.generation + 1:
                raise BadInput(
                    f"{family.name}: the deployment has moved on to generation "
                    f"{before.rollout.generation}, and generation {rollout.generation} was decided"
                )
            self.notice("state")
            state = replace(before, rollout=rollout)
            self._write(family, state)
            _Reconciliation(self, family, state).run()

    def unready(self, family: Family) -> dict[str, str]:
        """Arms that don't answer yet or any more, by name, each with what is known of why."""
        state = self._state(family)
        found = {name: self._why_unready(family, state, name) for name in _arms(state.rollout)}
        return {name: why for name, why in found.items() if why}

    def address(self, family: Family, arm: Arm) -> str:
        """URL at which one arm alone can be asked, past the split of the traffic.

        Raises:
            BadInput: it is not deployed.
        """
        port = self._state(family).arm_ports.get(arm.name)
        if port is None:
            raise BadInput(f"{family.name}: {arm.name} is not deployed")
        return f"http://127.0.0.1:{port}"

    def stop(self, family: Family) -> None:
        """End proxy and arms after the requests under way, and forget the deployment."""
        directory = self._directory(family)
        state = self._state(family)
        with FileLock(directory / LOCK):
            proxy = self.proxy(family)
            proxy.process.stop(DRAIN_S, SIGUSR1)
            for name in state.arm_ports:
                self.process(family, name).stop(END_S)
            write_targets(directory, family.name, {})
            (directory / STATE).unlink()

    def process(self, family: Family, arm: str) -> DetachedProcess:
        """The process of an arm."""
        return DetachedProcess(self._directory(family) / ARMS / f"{arm}.process")

    def proxy(self, family: Family) -> HAProxy:
        """The proxy of a family."""
        return HAProxy(self._directory(family))

    def _why_unready(self, family: Family, state: _State, arm: str) -> str:
        process, port = self.process(family, arm), state.arm_ports.get(arm)
        if port is None or not process.is_running:
            return f"its process has ended: {process.last_words() or 'it left no words'}"
        return "" if _is_ready(port) else "it does not say that it is ready"

    def _directory(self, family: Family) -> Path:
        return self.place.root / family.name

    def _read(self, family: Family) -> _State | None:
        path = self._directory(family) / STATE
        return read_json(path, _State) if path.is_file() else None

    def _state(self, family: Family) -> _State:
        state = self._read(family)
        if state is None:
            raise BadInput(f"{family.name}: nothing is deployed here")
        return state

    def _write(self, family: Family, state: _State) -> None:
        write_json(self._directory(family) / STATE, state)


class _Reconciliation:
    """From what runs to what the state says, in an order in which no request is lost."""

    def __init__(self, serving: LocalServing, family: Family, state: _State) -> None:
        self.serving, self.family, self.state = serving, family, state
        self.directory = serving._directory(family)
        self.proxy = serving.proxy(family)

    def run(self) -> None:
        """New arms start, shares move, and only then old arms end."""
        self._start_arms()
        self._tell_prometheus()
        servers = self._servers()
        self.serving.notice("configuration")
        self.proxy.configure(self.state.port, servers)
        self.serving.notice("proxy")
        self.proxy.start()
        self._share(servers)
        self._dismiss(servers)
        self._end_arms()

    def _start_arms(self) -> None:
        for name, arm in _arms(self.state.rollout).items():
            process = self.serving.process(self.family, name)
            if name in self.state.arm_ports and process.is_running:
                continue
            self.serving.notice(f"port of {name}")
            # Written before the start: an arm that runs has a port that is known.
            ports = {**self.state.arm_ports, name: _free_port()}
            self.state = replace(self.state, arm_ports=ports)
            self.serving._write(self.family, self.state)
            process.stop(0)
            self.serving.notice(f"start of {name}")
            process.start(self._command(arm, ports[name]), self.directory)

    def _command(self, arm: Arm, port: int) -> Sequence[str]:
        place = self.serving.place
        options = ("--port", str(port), "--variant", arm.name)
        kept = ("--keep-requests", str(place.keep_requests)) if place.keep_requests else ()
        return [*place.serve, str(Path(arm.package).resolve()), *options, *kept]

    def _servers(self) -> dict[str, ProxiedServer]:
        """What the proxy should have: shares of those that are ready, the rest the champion's."""
        rollout, ports = self.state.rollout, self.state.arm_ports
        champion = rollout.champion.name
        shares = dict(rollout.shares_percent)
        for name in shares:
            if name != champion and not _is_ready(ports[name]):
                shares[champion] += shares[name]
                shares[name] = 0
        stand_in = f"{champion}.{STAND_IN}"
        servers = [ProxiedServer(name, ports[name], share) for name, share in shares.items()]
        servers.append(ProxiedServer(stand_in, ports[champion], None))
        return {server.name: server for server in servers}

    def _share(self, servers: dict[str, ProxiedServer]) -> None:
        seen = self.proxy.servers()
        for name, server in servers.items():
            if name in seen and seen[name].port != server.port:
                self.serving.notice(f"removal of {name}")
                self.proxy.remove(name)
                del seen[name]
            if name not in seen:
                self.serving.notice(f"addition of {name}")
                self.proxy.add(server)
        # Who gains goes first: at no time has nobody a share.
        gaining = sorted(servers.values(), key=lambda server: -(server.weight or 0))
        for server in gaining:
            known = seen.get(server.name)
            if server.weight is not None and known and known.weight != server.weight:
                self.serving.notice(f"share of {server.name}")
                self.proxy.weigh(server.name, server.weight)

    def _dismiss(self, servers: dict[str, ProxiedServer]) -> None:
        """Take the servers that the state no longer names from the proxy, once they are idle."""
        leaving = sorted(set(self.proxy.servers()) - set(servers))
        for name in leaving:
            self.serving.notice(f"drain of {name}")
            self.proxy.drain(name)
        deadline = time.monotonic() + DRAIN_S
        while any(self.proxy.servers()[name].under_way for name in leaving):
            if time.monotonic() > deadline:
                break
            time.sleep(TICK_S)
        for name in leaving:
            self.serving.notice(f"removal of {name}")
            self.proxy.remove(name)

    def _end_arms(self) -> None:
        for name in sorted(set(self.state.arm_ports) - set(_arms(self.state.rollout))):
            self.serving.notice(f"end of {name}")
            self.serving.process(self.family, name).stop(END_S)
            ports = {arm: port for arm, port in self.state.arm_ports.items() if arm != name}
            self.state = replace(self.state, arm_ports=ports)
            self.serving._write(self.family, self.state)

    def _tell_prometheus(self) -> None:
        named = _arms(self.state.rollout)
        ports = {name: port for name, port in self.state.arm_ports.items() if name in named}
        write_configuration(self.serving.place.root, self.serving.place.scrape_every_s)
        write_targets(self.directory, self.family.name, ports)


def _arms(rollout: Rollout) -> dict[str, Arm]:
    """The arms that a state names."""
    arms = (rollout.champion, rollout.candidate, rollout.baseline)
    return {arm.name: arm for arm in arms if arm}


def _is_ready(port: int) -> bool:
    """Whether a server says that it is ready; one that is only slow is asked again."""
    for _ in range(READY_TRIES):
        try:
            url = f"http://127.0.0.1:{port}/v2/health/ready"
            return httpx.get(url, timeout=READY_TIMEOUT_S).status_code == httpx.codes.OK
        except httpx.TimeoutException:
            continue
        except httpx.HTTPError:
            return False
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
