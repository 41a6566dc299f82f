"""A deployment's directory on this machine: its state, its processes and its proxy."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from filelock import FileLock

from matops.adapters.local.detached_process import DetachedProcess
from matops.adapters.local.haproxy import HAProxy
from matops.artifacts.jsonfile import read_json, write_json
from matops.core.release.rollout import Arm, Rollout

STATE, LOCK, ARMS = "deployment.json", "lock", "arms"
READY_TRIES, READY_TIMEOUT_S = 3, 2.0


@dataclass(frozen=True)
class ServingHost:
    """This machine as a host of deployments."""

    root: Path  # directory of all deployments
    port: int = 8080  # where clients ask a family that is deployed anew
    bind: str = "127.0.0.1"  # address at which the proxy listens from its next start on
    # command that serves a package, without its arguments
    serve: tuple[str, ...] = (sys.executable, "-m", "matops", "serve")
    keep_requests: int = 32  # recent requests that each arm keeps for comparisons
    scrape_every_s: float = 15.0  # how often Prometheus is told to look
    # variables of an arm's process, asked for when one starts; those of this process if nobody says
    environment: Callable[[], Mapping[str, str]] | None = None


@dataclass(frozen=True)
class State:
    """What the deployment's file holds."""

    port: int  # where clients ask
    rollout: Rollout  # who gets which share
    arm_ports: dict[str, int] = field(default_factory=dict)  # where each arm listens, by its name

    @property
    def arms(self) -> dict[str, Arm]:
        """The arms that the state names."""
        return {arm.name: arm for arm in self.rollout.arms}


class LocalDeployment:
    """The directory of one family's deployment on this machine."""

    def __init__(self, host: ServingHost, family: str) -> None:
        self.host, self.family = host, family
        self.directory = host.root / family
        self.proxy = HAProxy(self.directory, host.bind)

    def lock(self) -> FileLock:
        """Keeps others from moving the deployment; to be used in a ``with``."""
        self.directory.mkdir(parents=True, exist_ok=True)
        return FileLock(self.directory / LOCK)

    def read(self) -> State | None:
        """The state, or None while nothing is deployed."""
        path = self.directory / STATE
        return read_json(path, State) if path.is_file() else None

    def write(self, state: State) -> None:
        """Replace the state atomically."""
        write_json(self.directory / STATE, state)

    def forget(self) -> None:
        """Remove the state."""
        (self.directory / STATE).unlink()

    def process(self, arm: str) -> DetachedProcess:
        """The process of an arm."""
        return DetachedProcess(self.directory / ARMS / f"{arm}.process")


def is_ready(port: int) -> bool:
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
