"""A deployment on this machine: a real proxy, processes that outlive commands, kills anywhere."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGKILL
from typing import TYPE_CHECKING

import httpx
import pytest

from devtools import recorded_server
from devtools.sibling_package import write_sibling
from matops.adapters.local.local_deployment import ServingHost
from matops.adapters.local.local_serving import LocalServing
from matops.artifacts.model.package import read_card, read_golden
from matops.core.errors import BadInput
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.rollout import Rollout, begin, deploy_first, next_rollout
from matops.core.release.ruling import Ruling
from matops.families import get_family
from tests.support.killed_apply import apply_until_killed
from tests.support.load import Load, constant_load

if TYPE_CHECKING:
    from tests.conftest import Released

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs haproxy on the PATH"),
]
FAMILY = get_family("elastic_cgcnn")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = CanaryPolicy(shares_percent=(20, 60, 100))
ADVANCE = Ruling("advance", "all well")
CHECK_S = 1.2
"""A little more than the pause between two of the proxy's checks."""
RECORDED = (sys.executable, recorded_server.__file__)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def packages(released: Released, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two versions of one model."""
    return [released.package, write_sibling(released.package, tmp_path_factory.mktemp("m") / "new")]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[LocalServing]:
    """A deployment in a directory deeper than the path of a socket may be long."""
    root = tmp_path / ("deep" * 20) / "deployments"
    root.mkdir(parents=True)
    found = LocalServing(ServingHost(root, free_port(), serve=RECORDED))
    yield found
    if found.rollout(FAMILY):
        found.stop(FAMILY)


def apply_until_ready(serving: LocalServing, rollout: Rollout) -> None:
    """As ticks do: again until every arm answers and has its share."""
    deadline = time.monotonic() + 60
    serving.apply(FAMILY, rollout)
    while found := serving.unready(FAMILY):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    serving.apply(FAMILY, rollout)
    wait_until_answering(serving)


def wait_until_answering(serving: LocalServing) -> None:
    """The proxy notices at its next check that an arm is there."""
    deadline = time.monotonic() + 10
    url = f"{serving.url(FAMILY)}/v2/health/ready"
    while httpx.get(url).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(CHECK_S)


def first(package: Path) -> Rollout:
    return deploy_first(read_card(package).version, str(package))


def second(before: Rollout, package: Path) -> Rollout:
    return begin(before, read_card(package).version, str(package), NOON, POLICY)


def load_on(serving: LocalServing, package: Path, clients: int = 4):  # type: ignore[no-untyped-def]
    url = f"{serving.url(FAMILY)}/v1/models/{FAMILY.name}:predict"
    return constant_load(url, read_golden(package).requests, clients, pause_s=0.002)


def answers(serving: LocalServing, package: Path, seconds: float) -> Load:
    with load_on(serving, package) as load:
        time.sleep(seconds)
    return load


def test_traffic_is_split_as_the_state_says(serving: LocalServing, packages: list[Path]) -> None:
    old, new = packages
    began = second(first(old), new)
    apply_until_ready(serving, first(old))
    apply_until_ready(serving, began)
    load = answers(serving, old, 2.0)
    assert not load.failed
    share = load.answered[read_card(new).version] / load.requests
    assert 0.17 < share < 0.23  # not the old version's: its baseline is of the same version


def test_arms_get_the_variables_that_their_host_names(
    serving: LocalServing, packages: list[Path]
) -> None:
    """Not as an argument, which everybody on the machine could read."""
    told = LocalServing(replace(serving.host, environment=lambda: {"MATOPS_TOLD": "a secret"}))
    apply_until_ready(told, first(packages[0]))
    process = told.deployment(FAMILY).process(first(packages[0]).champion.name)
    pid = process.file.read_text().split()[0]
    assert b"MATOPS_TOLD=a secret" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert b"a secret" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_release_from_begin_to_promotion_loses_no_request(
    serving: LocalServing, packages: list[Path]
) -> None:
    old, new = packages
    state = first(old)
    apply_until_ready(serving, state)
    with load_on(serving, old) as load:
        state = second(state, new)
        apply_until_ready(serving, state)
        for ruling in (ADVANCE, ADVANCE, Ruling("promote", "proven")):
            state = next_rollout(state, ruling, NOON, POLICY)
            serving.apply(FAMILY, state)
            time.sleep(0.3)
        before = Counter(load.answered)
        time.sleep(0.5)
    assert not load.failed
    assert state.champion.version == read_card(new).version
    assert set(load.answered - before) == {state.champion.version}
    assert serving.unready(FAMILY) == {}


@pytest.mark.parametrize("share", [20, 100])
def test_clients_do_not_see_a_candidate_that_is_killed(
    serving: LocalServing, packages: list[Path], share: int
) -> None:
    old, new = packages
    state = first(old)
    apply_until_ready(serving, state)
    state = second(state, new)
    apply_until_ready(serving, state)
    while state.share_percent < share:
        state = next_rollout(state, ADVANCE, NOON, POLICY)
        apply_until_ready(serving, state)
    assert state.candidate
    with load_on(serving, old, clients=8) as load:
        while load.answered[read_card(new).version] < 20:
            time.sleep(0.05)
        serving.deployment(FAMILY).process(state.candidate.name).signal(SIGKILL)
        time.sleep(1.5)
        assert "ended" in serving.unready(FAMILY)[state.candidate.name]
    assert not load.failed
    assert load.answered[read_card(old).version] > 20


def test_a_proxy_that_was_killed_is_started_again_with_the_same_shares(
    serving: LocalServing, packages: list[Path]
) -> None:
    state = second(first(packages[0]), packages[1])
    apply_until_ready(serving, state)
    weights = {
        name: seen.weight for name, seen in serving.deployment(FAMILY).proxy.servers().items()
    }
    serving.deployment(FAMILY).proxy.process.signal(SIGKILL)
    time.sleep(0.2)
    with pytest.raises(BadInput, match="does not answer"):
        serving.deployment(FAMILY).proxy.servers()
    serving.apply(FAMILY, state)
    assert {n: s.weight for n, s in serving.deployment(FAMILY).proxy.servers().items()} == weights
    assert not answers(serving, packages[0], 0.5).failed


def test_applying_twice_changes_nothing(serving: LocalServing, packages: list[Path]) -> None:
    apply_until_ready(serving, first(packages[0]))
    done: list[str] = []
    LocalServing(serving.host, done.append).apply(FAMILY, first(packages[0]))
    assert done == ["state", "configuration", "proxy", "mirror"]


def test_two_that_decide_at_the_same_time_do_not_both_move_it(
    serving: LocalServing, packages: list[Path]
) -> None:
    state = first(packages[0])
    apply_until_ready(serving, state)
    one = second(state, packages[1])
    other = second(state, packages[0])
    serving.apply(FAMILY, one)
    with pytest.raises(BadInput, match="has moved on to generation 2"):
        serving.apply(FAMILY, other)
    with pytest.raises(BadInput, match="has moved on"):
        serving.apply(FAMILY, replace(one, generation=4))
    assert serving.rollout(FAMILY) == one


def test_a_number_that_belongs_to_another_process_is_never_signalled(
    serving: LocalServing, packages: list[Path]
) -> None:
    state = first(packages[0])
    apply_until_ready(serving, state)
    process = serving.deployment(FAMILY).process(state.champion.name)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        ours = process.file.read_text()
        process.file.write_text(ours.replace(ours.split()[0], str(stranger.pid), 1))
        assert not process.is_running
        process.signal(SIGKILL)
        assert stranger.poll() is None
        process.file.write_text(ours)
        stranger.kill()
    assert process.is_running


def test_what_it_tells_prometheus_follows_the_arms(
    serving: LocalServing, packages: list[Path]
) -> None:
    state = first(packages[0])
    serving.apply(FAMILY, state)
    targets = serving.host.root / "scraped" / f"{FAMILY.name}.json"
    assert state.champion.name in targets.read_text()
    state = second(state, packages[1])
    apply_until_ready(serving, state)
    assert targets.read_text().count("variant") == 3
    serving.apply(FAMILY, next_rollout(state, Ruling("roll_back", "no"), NOON, POLICY))
    assert targets.read_text().count("variant") == 1


def test_nothing_is_left_after_a_stop(serving: LocalServing, packages: list[Path]) -> None:
    state = second(first(packages[0]), packages[1])
    apply_until_ready(serving, state)
    processes = [serving.deployment(FAMILY).process(name) for name in state.shares_percent]
    proxy = serving.deployment(FAMILY).proxy.process
    assert all(process.is_running for process in [*processes, proxy])
    serving.stop(FAMILY)
    assert not any(process.is_running for process in [*processes, proxy])
    assert serving.rollout(FAMILY) is None
    with pytest.raises(BadInput, match="nothing is deployed"):
        serving.unready(FAMILY)


def test_a_release_goes_on_after_a_kill_at_every_step(
    serving: LocalServing, packages: list[Path]
) -> None:
    """Each call of a whole release is killed at its first step, then at its second, and so on."""
    old, new = packages
    state = first(old)
    apply_until_ready(serving, state)
    kills = 0
    with load_on(serving, old) as load:
        for change in ("begin", "advance", "advance", "promote"):
            state = (
                second(state, new)
                if change == "begin"
                else next_rollout(state, Ruling(change, change), NOON, POLICY)
            )
            step = 0
            while apply_until_killed(serving.host, FAMILY.name, state, step):
                kills += 1
                step += 1
            apply_until_ready(serving, state)
    assert not load.failed
    assert kills >= 20
    assert serving.unready(FAMILY) == {}
    assert set(serving.deployment(FAMILY).proxy.servers()) == {
        state.champion.name,
        f"{state.champion.name}.stand-in",
    }
    running = subprocess.run(
        ["pgrep", "-fc", f"recorded_server.py {new}|recorded_server.py {old}"],
        capture_output=True,
        text=True,
    )
    assert running.stdout.strip() == "1", "an arm that nobody knows was left running"
