"""Releases one after another under constant load: how many requests are lost. None may be.

    python -m benchmarks.rolling_releases --package PACKAGE [--releases 100] [--clients 8]

Each release goes the whole way: candidate and baseline start, take their share, the stages follow,
the candidate is promoted and the old arms end, while clients ask through the proxy without a pause.
Every third release is rolled back instead. In every tenth a fault comes first: on this machine the
candidate is killed, on a cluster one of its pods is deleted. The stages are moved by hand, so that
no time is spent on gathering evidence.

By default the arms are servers that answer PACKAGE's golden requests as recorded: they start in a
moment, and what is measured is the deployment. ``--real`` runs ``matops serve`` instead; a release
then takes as long as two model servers need to start. The exit status is 1 if a request was lost.

``--kserve`` releases on the cluster that the settings of ``matops release`` name, where the family
must not be deployed yet; who runs it may list and delete pods. A gateway gives no request to
another arm: with ``MATOPS_KUBERNETES_REPLICAS=2`` each has a pod that answers when the other goes.
``--gateway URL`` is for a network that does not know the deployment's name.
"""

import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Annotated, Any

import httpx
import typer

from benchmarks.rolling_places import OnKServe, OnThisMachine, Place
from devtools import recorded_server
from devtools.sibling_package import write_sibling
from matops.artifacts.model.package import read_card, read_golden
from matops.core.family import Family
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.rollout import Rollout, begin, deploy_first, next_rollout
from matops.core.release.ruling import Ruling
from matops.entrypoints.settings import read_settings
from matops.families import get_family

POLICY = CanaryPolicy()
RECORDED = (sys.executable, recorded_server.__file__)
PAUSE_S, CHECK_S, START_S = 0.05, 1.2, 300.0
KILL_EVERY, ROLL_BACK_EVERY = 10, 3


@dataclass
class Seen:
    """What the clients saw: seconds of each answer, and what was lost, by kind."""

    seconds: list[float] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)


@contextmanager
def clients(place: Place, family: Family, payloads: Sequence[Any], count: int) -> Iterator[Seen]:
    """Clients that ask without a pause until the block ends, each on one connection."""
    seen, end = Seen(), Event()
    path = f"/v1/models/{family.name}:predict"

    def ask() -> None:
        with place.client(family) as client:
            while not end.is_set():
                for payload in payloads:
                    _ask(client, path, payload, seen)

    threads = [Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        end.set()
        for thread in threads:
            thread.join()


def _ask(client: httpx.Client, path: str, payload: Any, seen: Seen) -> None:
    began = time.perf_counter()
    try:
        response = client.post(path, json={"instances": [payload]})
    except httpx.HTTPError as error:
        seen.lost[type(error).__name__] += 1
        return
    if response.status_code == httpx.codes.OK:
        seen.seconds.append(time.perf_counter() - began)
    else:
        seen.lost[str(response.status_code)] += 1


class Deployment:
    """One family's deployment, moved by hand."""

    def __init__(self, place: Place, family: Family, package: Path) -> None:
        self.place, self.family = place, family
        version = read_card(package).version
        self.state: Rollout = deploy_first(version, place.keep(family, package))
        self._apply_until_ready()
        time.sleep(CHECK_S)

    def release(self, package: Path, number: int) -> None:
        """Release a package, or roll it back on the way."""
        version = read_card(package).version
        where = self.place.keep(self.family, package)
        self.state = begin(self.state, version, where, datetime.now(UTC), POLICY)
        self._apply_until_ready()
        moves = ["advance"] * (len(POLICY.shares_percent) - 1) + ["promote"]
        if number % ROLL_BACK_EVERY == 0:
            moves[-1] = "roll_back"
        for move in moves:
            self._follow(move)
            time.sleep(PAUSE_S)
            if number % KILL_EVERY == 0 and move == "advance" and self.state.candidate:
                self.place.kill(self.family, self.state.candidate)
                self._follow("roll_back")
                return

    def _follow(self, move: Any) -> None:
        self.state = next_rollout(self.state, Ruling(move, move), datetime.now(UTC), POLICY)
        self.place.serving.apply(self.family, self.state)

    def _apply_until_ready(self) -> None:
        self.place.serving.apply(self.family, self.state)
        deadline = time.monotonic() + START_S
        while found := self.place.serving.unready(self.family):
            if time.monotonic() > deadline:
                raise SystemExit(f"not ready: {found}")
            time.sleep(PAUSE_S)
        self.place.serving.apply(self.family, self.state)


def versions(package: Path, directory: Path, count: int) -> list[Path]:
    """So many versions of a package; what counts here is the exchange, not the model."""
    return [
        write_sibling(package, directory / f"{number}", 1e-5 * (number + 1))
        for number in range(count)
    ]


def main(
    package: Annotated[Path, typer.Option(help="Directory of a model package")],
    releases: Annotated[int, typer.Option(help="Releases, one after another")] = 100,
    count: Annotated[int, typer.Option("--clients", help="Clients that ask all the time")] = 8,
    real: Annotated[bool, typer.Option(help="Real model servers instead of recorded ones")] = False,
    kserve: Annotated[bool, typer.Option(help="On the cluster that the settings name")] = False,
    gateway: Annotated[str, typer.Option(help="URL of its gateway, if names are unknown")] = "",
) -> None:
    """Release again and again, and count the requests that were lost."""
    family = get_family(read_card(package).family)
    with TemporaryDirectory() as directory:
        place: Place
        if kserve:
            place = OnKServe(read_settings(), gateway)
        else:
            place = OnThisMachine(Path(directory) / "deployments", () if real else RECORDED)
            place.root.mkdir()
        packages = versions(package, Path(directory), releases + 1)
        took: list[float] = []
        try:
            deployment = Deployment(place, family, packages[0])
            with clients(place, family, read_golden(package).requests, count) as seen:
                for number, candidate in enumerate(packages[1:], 1):
                    began = time.monotonic()
                    deployment.release(candidate, number)
                    took.append(time.monotonic() - began)
                    print(f"{number} of {releases}", file=sys.stderr, end="\r", flush=True)
        finally:
            place.serving.stop(family)
    _print(seen, took, count)
    if seen.lost:
        raise typer.Exit(1)


def _print(seen: Seen, took: Sequence[float], count: int) -> None:
    asked = len(seen.seconds) + seen.lost.total()
    quantiles = statistics.quantiles(seen.seconds, n=1000)
    print("| releases | clients | requests | lost | p50 ms | p99 ms | p99.9 ms | s a release |")
    print("|---|---|---|---|---|---|---|---|")
    p50, p99, p999 = (1e3 * quantiles[at] for at in (499, 989, 998))
    print(
        f"| {len(took)} | {count} | {asked:,} | {seen.lost.total()} | {p50:.1f} | {p99:.1f} | "
        f"{p999:.1f} | {statistics.mean(took):.1f} |"
    )
    for kind, lost in seen.lost.items():
        print(f"lost: {lost} {kind}")


if __name__ == "__main__":
    typer.run(main)
