"""Releases end to end: a real Prometheus, a real proxy, real servers, and clients throughout."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from devtools.sibling_package import write_sibling
from matops.artifacts.model.package import read_card, read_golden
from tests.support.faulty_server import INJECTED
from tests.support.load import Load, constant_load
from tests.support.places import REPOSITORY
from tests.support.prometheus_process import free_port, running_prometheus
from tests.support.release_faults import with_fault

if TYPE_CHECKING:
    from tests.conftest import Done, Matops, Released

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not (shutil.which("haproxy") and shutil.which("prometheus")),
        reason="needs haproxy and prometheus on the PATH",
    ),
]
FAMILY = "elastic_cgcnn"
SHARES = [20, 50, 100]
MOST_STAGE_S = 90
POLICY = {
    "shares_percent": SHARES,
    "least_requests": 60,
    "look_every_s": 2,
    "settling_s": 6,
    "least_stage_s": 6,
    "most_stage_s": MOST_STAGE_S,
    "most_release_s": 400,
    "most_setbacks": 4,
    "most_start_s": 240,
}
"""Stages of seconds; every other limit is that of a real release."""
LOOK_S = 8.0
"""What one look may take on a busy machine, its pause included."""


def policy(**changes: Any) -> list[str]:
    """The test's policy as options."""
    fields = {**POLICY, **changes}.items()
    return [w for name, value in fields for w in ("--set", f"{name}={json.dumps(value)}")]


@dataclass(frozen=True)
class Deployed:
    """A workspace whose released model is deployed, with clients' address."""

    matops: Matops
    workspace: Path
    package: Path
    predict: str

    def call(self, *arguments: str | Path) -> Done:
        return self.matops(self.workspace, "release", *arguments)

    def start(self, package: Path, **changes: Any) -> tuple[Done, Load]:
        """Release a package while clients ask, and return what both saw."""
        with constant_load(self.predict, read_golden(self.package).requests) as load:
            done = self.call("start", package, "--json", *policy(**changes))
        return done, load

    def champion(self) -> str:
        pointer = self.workspace / "models" / FAMILY / "champion.json"
        return str(json.loads(pointer.read_text())["version"])

    def rollout(self) -> dict[str, Any]:
        return dict(json.loads(self.call("status", FAMILY, "--json").out)["rollout"])


@pytest.fixture(scope="module")
def deployed(
    released: Released, matops: Matops, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """The champion behind the proxy, under a Prometheus; all tests of this file share it."""
    workspace, port = tmp_path_factory.mktemp("deployed") / "workspace", free_port()
    (workspace / "models").mkdir(parents=True)
    shutil.copytree(released.workspace / "models" / FAMILY, workspace / "models" / FAMILY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATOPS_SCRAPE_EVERY_S", "1")
        patch.setenv("PYTHONPATH", str(REPOSITORY), prepend=os.pathsep)
        patch.setenv("MATOPS_SERVE_COMMAND", f"{sys.executable} -m tests.support.faulty_server")
        done = matops(workspace, "release", "up", FAMILY, "--port", str(port))
        assert done.status == 0, done
        predict = f"http://127.0.0.1:{port}/v1/models/{FAMILY}:predict"
        package = released.package
        found = Deployed(matops, workspace, package, predict)
        try:
            with running_prometheus(workspace / ".matops" / "deployments") as prometheus:
                patch.setenv("MATOPS_PROMETHEUS", prometheus)
                wait_until_deployed(found)
                yield found
        finally:
            assert found.call("down", FAMILY).status == 0


def wait_until_deployed(deployed: Deployed) -> None:
    deadline = time.monotonic() + 240
    while unready := json.loads(deployed.call("status", FAMILY, "--json").out)["unready"]:
        assert time.monotonic() < deadline, unready
        time.sleep(1.0)
    time.sleep(2.0)  # the proxy's next check


def decisions(done: Done) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def stage_seconds(told: list[dict[str, Any]]) -> float:
    """From the beginning of the last stage to the decision that ended it."""
    from datetime import datetime

    began = datetime.fromisoformat(told[-1]["before"]["stage_began"])
    return (datetime.fromisoformat(told[-1]["at"]) - began).total_seconds()


def outcomes(decision: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in decision["ruling"]["checks"]}


def failing(decision: dict[str, Any]) -> set[str]:
    return {name for name, outcome in outcomes(decision).items() if outcome == "failed"}


def assert_taken_back(
    deployed: Deployed, done: Done, champion: str, move: str = "roll_back"
) -> dict[str, Any]:
    """The last decision, after making sure that clients have what they had before the release."""
    last = decisions(done)[-1]
    assert last["ruling"]["move"] == move
    assert done.status == {"roll_back": 1, "inconclusive": 3}[move], done
    assert last["after"]["champion"]["version"] == champion
    assert deployed.champion() == champion
    rollout = deployed.rollout()
    assert rollout["share_percent"] == 0
    assert (rollout["candidate"] is None) is (move == "roll_back")
    assert rollout["baseline"] is None
    kept = json.loads(deployed.call("history", FAMILY, "--json").out)
    assert kept[-1] == last, "the evidence is kept, as it was told"
    return last


def test_what_an_arm_says_of_itself_is_not_said_at_the_clients_address(deployed: Deployed) -> None:
    front = httpx.URL(deployed.predict).copy_with(path="/metrics")
    state = deployed.workspace / ".matops" / "deployments" / FAMILY / "deployment.json"
    [port] = json.loads(state.read_text())["arm_ports"].values()
    for path in ("/metrics", "/internal/recent"):
        assert httpx.get(front.copy_with(path=path)).status_code == 404
        assert httpx.get(front.copy_with(path=path, port=port)).status_code == 200


def test_a_healthy_candidate_is_promoted_stage_by_stage_and_no_request_is_lost(
    deployed: Deployed, tmp_path: Path
) -> None:
    before = deployed.champion()
    candidate = write_sibling(deployed.package, tmp_path / "healthy")
    done, load = deployed.start(candidate)
    version = read_card(candidate).version
    assert done.status == 0, done.err + done.out[-3000:]
    told = decisions(done)
    shares = [d["after"]["share_percent"] for d in told if d["ruling"]["move"] == "advance"]
    assert shares == SHARES[1:]
    assert told[-1]["ruling"]["move"] == "promote"
    assert set(outcomes(told[-1]).values()) == {"passed"}
    assert told[-1]["evidence"]["paired"]["asked"] > 8, "live requests were mirrored, too"
    assert not load.failed
    assert load.answered[before]
    assert load.answered[version]
    assert deployed.champion() == version == deployed.rollout()["champion"]["version"]


def test_a_command_that_is_killed_is_taken_up_by_the_next_one(
    deployed: Deployed, tmp_path: Path
) -> None:
    candidate = write_sibling(deployed.package, tmp_path / "m", 1.5e-4)
    command = [sys.executable, "-m", "matops", "release", "start", str(candidate)]
    with constant_load(deployed.predict, read_golden(deployed.package).requests) as before:
        environment = {**os.environ, "MATOPS_WORKSPACE": str(deployed.workspace)}
        with subprocess.Popen([*command, *policy()], env=environment) as killed:
            while "advance" not in moves_of(deployed, candidate):
                assert killed.poll() is None
                time.sleep(0.5)
            killed.kill()
    done, after = deployed.start(candidate)
    assert done.status == 0, done
    assert decisions(done)[-1]["ruling"]["move"] == "promote"
    assert deployed.champion() == read_card(candidate).version
    assert not before.failed + after.failed


def moves_of(deployed: Deployed, candidate: Path) -> set[str]:
    """What was decided so far on a version."""
    version = read_card(candidate).version
    kept = deployed.workspace / "models" / FAMILY / "decisions.jsonl"
    found = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    return {one["ruling"]["move"] for one in found if one["version"] == version}


def reason(decision: dict[str, Any]) -> str:
    return str(decision["ruling"]["reason"])


@dataclass(frozen=True)
class Bad:
    """A candidate that must be rolled back.

    Attributes:
        noise: how far its weights are from the champion's.
        fault: what its server does; empty for one that serves its package faithfully.
        caught: whether a decision names the fault.
        within_s: the longest that its last stage may take.
        most_lost: share of the requests to it that clients may lose.
        move: how its release ends.
    """

    noise: float
    fault: str
    caught: Callable[[dict[str, Any]], bool]
    within_s: float = MOST_STAGE_S + LOOK_S
    most_lost: float = 0.0
    move: str = "roll_back"

    def package(self, champion: Path, directory: Path) -> Path:
        sibling = write_sibling(champion, directory, self.noise)
        return with_fault(sibling, self.fault) if self.fault else sibling


BAD = {
    # The policy allows what is lost until it is known: a twentieth of the candidate's own.
    "it fails five percent": Bad(
        2e-4,
        "fails 5 %",
        lambda last: any("failed requests" in name for name in failing(last)),
        most_lost=0.1,
    ),
    "it is three times slower": Bad(
        3e-4, "three times slower", lambda last: "requests slower" in reason(last)
    ),
    # Its package is whole and its server answers as recorded; only the model is bad.
    "its predictions are broken": Bad(
        0.1, "", lambda last: any("shift of" in name for name in failing(last))
    ),
    "it answers otherwise than its package": Bad(
        4e-4,
        "wrong answers",
        lambda last: "golden requests answered otherwise than recorded" in failing(last),
        within_s=3 * LOOK_S,
    ),
    # Whether it is gone, on its way, or just leaves a comparison unanswered: the look that finds
    # it decides.
    "it crashes": Bad(
        5e-4,
        "crashes",
        lambda last: (
            "the candidate no longer answers" in reason(last) or "left unanswered" in reason(last)
        ),
        within_s=3 * LOOK_S,
    ),
    "its metrics vanish": Bad(
        6e-4,
        "metrics vanish",
        lambda last: (
            "judgements in a row without measurements" in reason(last)
            and "missing" in outcomes(last).values()
        ),
        within_s=math.inf,
        move="inconclusive",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_candidate_is_taken_back_and_clients_see_no_more_than_allowed(
    deployed: Deployed, bad: Bad, tmp_path: Path
) -> None:
    before = deployed.champion()
    candidate = bad.package(deployed.package, tmp_path / "m")
    done, load = deployed.start(candidate)
    last = assert_taken_back(deployed, done, before, bad.move)
    assert bad.caught(last), (last["ruling"], outcomes(last))
    assert stage_seconds(decisions(done)) < bad.within_s
    assert all(INJECTED in why for why in load.failed)
    candidates = load.answered[read_card(candidate).version] + load.failed.total()
    assert load.failed.total() <= bad.most_lost * candidates
    assert load.failed.total() < 0.02 * load.requests


def test_a_candidate_that_never_becomes_ready_gets_no_request_and_is_rolled_back(
    deployed: Deployed, tmp_path: Path
) -> None:
    before = deployed.champion()
    candidate = with_fault(write_sibling(deployed.package, tmp_path / "m", 7e-4), "never ready")
    done, load = deployed.start(candidate, most_start_s=20)
    last = assert_taken_back(deployed, done, before)
    assert "is not ready" in last["ruling"]["reason"]
    assert set(load.answered) == {before}
    assert not load.failed
    again = deployed.call("start", candidate)
    assert again.status == 2
    assert "was rolled back" in again.err
    assert "--again" in again.err


def test_a_candidate_that_refuses_its_clients_is_rolled_back(
    deployed: Deployed, tmp_path: Path
) -> None:
    before = deployed.champion()
    candidate = with_fault(write_sibling(deployed.package, tmp_path / "m", 8e-4), "refuses 80 %")
    done, load = deployed.start(candidate)
    last = assert_taken_back(deployed, done, before)
    assert any("refused requests" in n or "left unanswered" in n for n in failing(last))
    assert all(INJECTED in why for why in load.failed)


SLOW_CLIENTS = {
    "shares_percent": [10, 25, 50, 100],
    "least_requests": 200,
    "least_stage_s": 5,
    "most_stage_s": 60,
    "most_release_s": 240,
}
"""A real release's stages at a sixtieth of their time: a request a second is one a minute there."""


def test_at_a_request_a_minute_a_person_decides(deployed: Deployed, tmp_path: Path) -> None:
    before = deployed.champion()
    candidate = write_sibling(deployed.package, tmp_path / "m", 9e-4)
    version = read_card(candidate).version
    payloads = read_golden(deployed.package).requests
    with constant_load(deployed.predict, payloads, clients=1, pause_s=1.0) as load:
        done = deployed.call("start", candidate, "--json", *policy(**SLOW_CLIENTS))
        last = assert_taken_back(deployed, done, before, "inconclusive")
        told = decisions(done)
        assert "mirror" in [decision["ruling"]["move"] for decision in told]
        assert "a person decides: requests of the" in reason(last)
        mirrored = told[-1]["evidence"]["candidate"]["requests"]
        assert 0.5 * 60 < mirrored < 1.5 * 60
        promoted = deployed.call("promote", FAMILY, "--reason", "60 requests, all of them well")
        assert promoted.status == 0, promoted
        assert deployed.champion() == version
    assert not load.failed


def test_mirrored_requests_lead_past_the_shares_that_are_too_small(
    deployed: Deployed, tmp_path: Path
) -> None:
    candidate = write_sibling(deployed.package, tmp_path / "m", 9.5e-4)
    payloads = read_golden(deployed.package).requests
    with constant_load(deployed.predict, payloads, clients=4, pause_s=0.3) as load:
        done = deployed.call("start", candidate, "--json", *policy(**SLOW_CLIENTS))
    told = [d for d in decisions(done) if d["ruling"]["move"] != "hold"]
    moves = [decision["ruling"]["move"] for decision in told]
    assert (moves[0], moves[-1]) == ("mirror", "promote"), (moves, reason(decisions(done)[-1]))
    assert set(moves[1:-1]) == {"advance"}
    # The share that follows is the smallest that such traffic fills, and was not before.
    shares, needed = SLOW_CLIENTS["shares_percent"], SLOW_CLIENTS["least_requests"]
    per_stage = told[1]["evidence"]["candidate"]["requests"] * 60 / stage_seconds(told[:2])
    filled = [share for share in shares if share * per_stage / 100 >= needed]
    assert told[1]["after"]["share_percent"] == (filled or shares)[0 if filled else -1] > shares[0]
    assert not load.failed


def test_a_storm_of_batches_condemns_nobody(deployed: Deployed, tmp_path: Path) -> None:
    candidate = write_sibling(deployed.package, tmp_path / "m", 9.8e-4)
    strange = read_golden(deployed.package).requests[:1]
    with constant_load(deployed.predict, strange, clients=2, pause_s=2.0, samples=64) as storm:
        done, load = deployed.start(candidate)
    assert done.status == 0, done.err + done.out[-3000:]
    assert decisions(done)[-1]["ruling"]["move"] == "promote"
    assert not load.failed + storm.failed
