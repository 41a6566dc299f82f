"""Faults against a real S3 server: nothing acknowledged is lost, nothing is there twice.

After each fault another machine, which has nothing but the pointer and the server, reads the
published version. Whatever was not acknowledged is offered again with the next append, as the next
run of an ingest does.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, product
from pathlib import Path

import pytest
import s3fs

from devtools.object_store import ObjectStore
from matops.adapters.data.dvc_store import DvcStore
from matops.artifacts.data.dataset import part_ids, part_paths
from matops.core.errors import BadInput
from tests.adapters.data.test_dvc_store import METALS, records
from tests.support.fault_proxy import FAULTS, FaultProxy, running_proxy
from tests.support.remotes import SERVERS, S3Remote, new_prefix, server_or_skip
from tests.support.store_process import RETRIES, start_append

pytestmark = [pytest.mark.s3, pytest.mark.timeout(900)]

REQUESTS = 12
"""Requests of one append, about: each of them is hit."""
KILLS, STOPS, FULL_DISKS, PAIRS = 30, 10, 12, 8
BYTES_BEFORE_FULL = (100, 1_000, 3_000, 5_000, 10_000, 15_000)


class World:
    """A workspace behind a faulty network, and what is known of it.

    Attributes:
        acknowledged: densities whose append was said to have worked.
        waiting: densities that were offered, and not acknowledged yet.
        refusals: what failed appends said.
        faults: faults that were injected.
    """

    def __init__(self, root: Path, server: ObjectStore, proxy: FaultProxy) -> None:
        self.server, self.proxy = server, proxy
        self.direct: S3Remote = new_prefix(server)
        self.remote = self.direct.settings_at(proxy.endpoint)
        self.store = DvcStore(root / "workspace", self.remote)
        self.reader = DvcStore(root / "reader", self.direct.settings)
        self.reader.workspace.mkdir()
        self.acknowledged: set[float] = set()
        self.waiting: list[float] = []
        self.refusals: list[str] = []
        self.faults = 0
        self._densities = count(1)
        self._ids: dict[str, list[str]] = {}

    def offer(self, number: int = 2) -> list[float]:
        """What the next append brings: new records, and those that wait."""
        self.waiting += [float(next(self._densities)) for _ in range(number)]
        return list(self.waiting)

    def acknowledge(self, densities: list[float]) -> None:
        self.acknowledged |= set(densities)
        self.waiting = [density for density in self.waiting if density not in self.acknowledged]

    def append(self) -> bool:
        """Append in this process; a failure is one line and changes nothing published."""
        offered = self.offer()
        try:
            self.store.append(METALS, records(*offered))
        except BadInput as error:
            self.refusals.append(str(error))
            return False
        self.acknowledge(offered)
        return True

    def check(self, fresh: bool = False) -> list[str]:
        """Read the published version as another machine does; ids in it."""
        if fresh:
            self._ids.clear()
            shutil.rmtree(self.reader.workspace)
            self.reader.workspace.mkdir()
        if not self.store.pointer.exists():
            assert not self.acknowledged
            return []
        shutil.copyfile(self.store.pointer, self.reader.pointer)
        found = self.reader.checkout(METALS)
        assert found is not None
        # Parts never change, and a checkout hashes those that it fetches: each is read once.
        for part in part_paths(found.directory):
            if part.name not in self._ids:
                self._ids[part.name] = part_ids(part)
        ids = [
            identity for part in part_paths(found.directory) for identity in self._ids[part.name]
        ]
        repeated = [identity for identity, times in Counter(ids).items() if times > 1]
        lost = {record.id for record in records(*self.acknowledged)} - set(ids)
        assert (repeated, lost) == ([], set())
        return ids


@pytest.fixture(scope="module", params=SERVERS)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """One workspace for all faults: what one left behind, the next one meets."""
    root = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3fs.S3FileSystem, "retries", RETRIES)
        with (
            server_or_skip(request.param, root / "server") as server,
            running_proxy(server.port) as proxy,
        ):
            patch.setenv("AWS_MAX_ATTEMPTS", "1")
            yield World(root, server, proxy)


@pytest.mark.parametrize("requests", [1, 1000], ids=["once", "until the end"])
def test_answers_that_are_errors_and_connections_that_break(world: World, requests: int) -> None:
    worked = []
    for fault, first in product(FAULTS, range(REQUESTS)):
        world.proxy.plan.set(fault, first, requests)
        worked.append(world.append())
        world.faults += world.proxy.plan.injected > 0
        world.proxy.plan.clear()
        world.check()
    assert not all(worked)
    if requests == 1:
        assert any(worked)


def test_a_server_that_dies_and_comes_back(world: World) -> None:
    chance = random.Random(0)
    for _ in range(STOPS):
        offered = world.offer()
        process, answer = start_append(world.store.workspace, world.remote, offered)
        process.join(chance.uniform(0.0, 1.0))
        world.server.kill()
        world.faults += 1
        process.join()
        if isinstance(answer.recv(), int):
            world.acknowledge(offered)
        world.server.start()
        world.check()


def test_a_process_that_is_killed(world: World) -> None:
    chance, killed = random.Random(1), 0
    start = time.monotonic()
    assert world.append()
    usual_s = time.monotonic() - start
    while killed < KILLS:
        offered = world.offer()
        process, answer = start_append(world.store.workspace, world.remote, offered)
        process.join(chance.uniform(0.0, usual_s))
        killed += process.is_alive()
        process.kill()
        process.join()
        try:
            if isinstance(answer.recv(), int):
                world.acknowledge(offered)
        except EOFError:
            pass
        world.check()
    world.faults += killed


def test_a_disk_that_is_full(world: World) -> None:
    for number in range(FULL_DISKS):
        offered = world.offer()
        largest = BYTES_BEFORE_FULL[number % len(BYTES_BEFORE_FULL)]
        process, answer = start_append(world.store.workspace, world.remote, offered, largest)
        process.join()
        said = answer.recv()
        world.faults += isinstance(said, str)
        if isinstance(said, int):
            world.acknowledge(offered)
        else:
            world.refusals.append(said)
        world.check()


def test_two_ingests_at_once_over_a_bad_network(world: World) -> None:
    chance = random.Random(2)
    for _ in range(PAIRS):
        world.proxy.plan.set(chance.choice(FAULTS), chance.randrange(2 * REQUESTS), 2)
        shared, own = world.offer(), [world.offer(1)[-1:] for _ in range(2)]
        offers = [shared + density for density in own]
        started = [start_append(world.store.workspace, world.remote, offer) for offer in offers]
        for (process, answer), offered in zip(started, offers, strict=True):
            process.join()
            if isinstance(answer.recv(), int):
                world.acknowledge(offered)
        world.faults += 1 + (world.proxy.plan.injected > 0)
        world.proxy.plan.clear()
        world.check()


def test_at_the_end_everything_is_there_exactly_once(world: World) -> None:
    assert world.faults >= 200
    assert not any("\n" in line for line in world.refusals)
    assert world.append()
    assert world.waiting == []
    ids = world.check(fresh=True)
    assert sorted(ids) == sorted(record.id for record in records(*world.acknowledged))
