"""The use-case of a release: a deployment in memory, the judge and the package as they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devtools.sibling_package import write_sibling
from matops.adapters.storage.package_directory import PackageDirectory
from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import Golden, read_card, read_golden
from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.monitoring.retraining import Attempt
from matops.core.quality.prediction import Prediction
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.decision import Decision
from matops.core.release.rollout import Arm, Rollout
from matops.core.release.traffic import ArmTraffic, Buckets
from matops.families import get_family
from matops.steps.release.canary_release import CanaryRelease, run_until_decided
from matops.steps.release.deployment import deploy_champion

FAMILY = get_family("elastic_cgcnn")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = CanaryPolicy(shares_percent=(20, 50, 100), least_stage_s=60)
LOOK = timedelta(seconds=40)


class Rack:
    """A deployment in memory that holds to the port's promise."""

    def __init__(self) -> None:
        self.state: Rollout | None = None
        self.down: dict[str, str] = {}
        self.late = ""

    def rollout(self, family: Family) -> Rollout | None:
        return self.state

    def apply(self, family: Family, rollout: Rollout) -> None:
        if self.state and rollout != self.state:
            assert rollout.generation == self.state.generation + 1
        self.state = rollout

    def unready(self, family: Family) -> dict[str, str]:
        return self.down

    def unreconciled(self, family: Family) -> str:
        return self.late

    def address(self, family: Family, arm: Arm) -> str:
        return arm.package

    def url(self, family: Family) -> str:
        return "http://rack"

    def location(self, family: Family, package: Path) -> str:
        return f"rack://{package.name}"

    def stop(self, family: Family) -> None:
        self.state = None


class Monitor:
    """Traffic that both arms met alike, unless a test says otherwise."""

    def __init__(self) -> None:
        histogram = Buckets((0.02, 0.05, math.inf), (500.0, 500.0, 0.0))
        healthy = ArmTraffic(1000, 0, 0, histogram, {"K_VRH": histogram}, 1000, 1000, 0)
        self.by_version: Callable[[str], ArmTraffic] = lambda version: healthy
        self.healthy = healthy

    def traffic(self, family: Family, arm: Arm, since: datetime, until: datetime) -> ArmTraffic:
        return self.by_version(arm.version)


class Client:
    """Answers as each arm's package recorded; two golden requests were asked lately."""

    def __init__(self, package: Path, models: Path) -> None:
        self.golden = read_golden(package)
        self.models = models
        self.told: Golden | None = None

    def ask(self, url: str, family: Family, payload: Payload) -> Prediction | None:
        number = self.golden.requests.index(dict(payload))
        return (self.told or read_golden(self.models / url.removeprefix("rack://"))).answers[number]

    def recent(self, url: str) -> list[Payload]:
        return list(self.golden.requests[:2])


class Bench:
    """A release with a clock that a test turns."""

    def __init__(self, package: Path, root: Path) -> None:
        self.rack, self.monitor, self.now = Rack(), Monitor(), NOON
        self.packages = PackageDirectory(root / "models")
        self.client = Client(package, root / "models" / FAMILY.name)
        self.release = CanaryRelease(
            family=FAMILY,
            serving=self.rack,
            monitor=self.monitor,
            packages=self.packages,
            client=self.client,
            policy=POLICY,
            clock=lambda: self.now,
        )
        self.told: list[Decision] = []

    def wait(self, _seconds: float) -> None:
        self.now += LOOK

    def run(self) -> Rollout:
        return run_until_decided(self.release, self.wait, self.told.append)

    @property
    def champion(self) -> str:
        kept = self.packages.champion(FAMILY)
        return kept.name if kept else ""

    @property
    def moves(self) -> list[str]:
        return [decision.ruling.move for decision in self.told]


def version_of(package: Path) -> str:
    return read_card(package).version


@pytest.fixture
def package(world: Any) -> Path:
    return Path(world.evaluation / PACKAGE)


@pytest.fixture
def bench(package: Path, tmp_path: Path) -> Bench:
    """A family whose first model is released and deployed."""
    made = Bench(package, tmp_path)
    made.release.begin(package)
    made.run()
    made.told.clear()
    return made


@pytest.fixture
def newer(package: Path, tmp_path: Path) -> Path:
    """Another version of the model."""
    return write_sibling(package, tmp_path / "newer")


def test_a_first_model_answers_everything_once_its_golden_requests_pass(
    package: Path, tmp_path: Path
) -> None:
    bench = Bench(package, tmp_path)
    bench.release = replace(bench.release, monitor=None)
    bench.release.begin(package)
    assert bench.champion == ""
    left = bench.run()
    assert left.shares_percent == {left.champion.name: 100}
    assert bench.champion == left.champion.version == read_card(package).version


def test_a_first_model_that_answers_otherwise_is_not_released(
    package: Path, tmp_path: Path
) -> None:
    bench = Bench(package, tmp_path)
    bench.release.begin(package)
    golden = bench.client.golden
    bench.client.told = replace(golden, answers=golden.answers[::-1])
    with pytest.raises(BadInput, match="golden requests are not answered as recorded"):
        bench.run()
    assert bench.champion == ""


def test_a_healthy_candidate_goes_through_every_stage_and_becomes_the_champion(
    bench: Bench, newer: Path
) -> None:
    bench.release.begin(newer)
    left = bench.run()
    assert left.champion.version == bench.champion == version_of(newer)
    shares = [decision.after.share_percent for decision in bench.told]
    assert sorted(set(shares)) == [0, 20, 50, 100]
    assert bench.moves[-1] == "promote"


def test_every_decision_is_kept_with_its_evidence(bench: Bench, newer: Path) -> None:
    bench.release.begin(newer)
    bench.run()
    kept = [d for d in bench.packages.decisions(FAMILY) if d.version == version_of(newer)]
    assert kept[1:] == bench.told
    last = kept[-1]
    assert last.evidence.candidate == bench.monitor.healthy
    assert last.evidence.paired
    assert last.evidence.paired.asked == len(read_golden(newer).requests) + 2
    assert {check.outcome for check in last.ruling.checks} == {"passed"}


def test_a_candidate_that_fails_is_rolled_back_and_not_tried_again_unasked(
    bench: Bench, newer: Path
) -> None:
    before = bench.champion
    failing = replace(bench.monitor.healthy, errors=300.0)
    healthy = bench.monitor.healthy
    bench.monitor.by_version = lambda version: failing if version == version_of(newer) else healthy
    bench.release.begin(newer)
    left = bench.run()
    assert left.champion.version == bench.champion == before
    assert bench.moves[-1] == "roll_back"
    with pytest.raises(BadInput, match=f"{version_of(newer)} was rolled back.*--again"):
        bench.release.begin(newer)
    assert bench.release.begin(newer, again=True).candidate


def test_arms_that_start_are_not_judged_and_their_stage_begins_when_they_answer(
    bench: Bench, newer: Path
) -> None:
    bench.rack.down = {f"m{version_of(newer)[:8]}-3": "loading"}
    bench.release.begin(newer)
    for _ in range(3):
        bench.wait(0)
        decision = bench.release.tick()
        assert decision
        assert decision.ruling.checks == ()
        assert "loading" in decision.ruling.reason
    bench.rack.down = {}
    bench.release.tick()
    assert bench.rack.state
    assert bench.rack.state.stage_began == bench.now.isoformat()
    assert bench.rack.state.release_began == NOON.isoformat()


def test_a_candidate_that_is_never_ready_is_rolled_back_in_the_stated_time(
    bench: Bench, newer: Path
) -> None:
    bench.rack.down = {f"m{version_of(newer)[:8]}-3": "loading"}
    bench.release.begin(newer)
    bench.run()
    assert bench.moves[-1] == "roll_back"
    assert bench.now - NOON <= timedelta(seconds=POLICY.most_start_s) + LOOK


def test_a_candidate_that_no_longer_answers_is_rolled_back_at_once(
    bench: Bench, newer: Path
) -> None:
    bench.release.begin(newer)
    bench.release.tick()
    bench.rack.down = {f"m{version_of(newer)[:8]}-3": "its process has ended: out of memory"}
    decision = bench.release.tick()
    assert decision
    assert decision.ruling.move == "roll_back"
    assert "out of memory" in decision.ruling.reason


def test_without_measurements_it_is_held_and_then_a_persons(bench: Bench, newer: Path) -> None:
    bench.monitor.by_version = lambda version: ArmTraffic()
    bench.release.begin(newer)
    bench.run()
    assert set(bench.moves[:-1]) == {"hold"}
    assert bench.moves[-1] == "inconclusive"
    assert "without measurements, a person decides" in bench.told[-1].ruling.reason
    left = bench.rack.state
    assert left
    assert left.champion.version == bench.champion
    assert (left.share_percent, left.awaits_person) == (0, True)
    looked = bench.release.tick()
    assert looked
    assert looked.ended
    assert bench.rack.state == left


def test_a_person_approves_and_each_move_is_announced(bench: Bench, newer: Path) -> None:
    heard: list[tuple[str, int]] = []

    class Announcer:
        def announce(self, family: Family, decision: Decision) -> None:
            heard.append((decision.ruling.move, decision.after.share_percent))

    policy = replace(POLICY, approve_at=(50,))
    bench.release = replace(bench.release, policy=policy, announcer=Announcer())
    bench.release.begin(newer, report="file:///report.html")
    with pytest.raises(BadInput, match="nothing to approve at 20 %"):
        bench.release.decide_by_hand("approve", "too soon")
    for _ in range(12):
        bench.release.tick()
        bench.now += LOOK
    waiting = bench.rack.state
    assert waiting
    assert waiting.reason == "every check passed at 50 %, a person must approve"
    assert waiting.report == "file:///report.html"
    bench.release.decide_by_hand("approve", "seen the report")
    bench.run()
    assert bench.champion == version_of(newer)
    assert heard == [
        ("hold", 20),
        ("advance", 50),
        ("hold", 50),
        ("approve", 50),
        ("advance", 100),
        ("promote", 0),
    ]


def test_a_retraining_may_try_the_data_of_what_was_inconclusive_again(
    bench: Bench, newer: Path
) -> None:
    data = read_card(newer).data.version
    bench.packages.note_attempt(FAMILY, Attempt(data, NOON.isoformat(), "accepted"))
    bench.monitor.by_version = lambda version: ArmTraffic()
    bench.release.begin(newer)
    bench.run()
    attempt = bench.packages.last_attempt(FAMILY)
    assert attempt
    assert (attempt.data, attempt.outcome) == (data, "")


def test_a_person_promotes_what_was_inconclusive(bench: Bench, newer: Path) -> None:
    bench.monitor.by_version = lambda version: ArmTraffic()
    bench.release.begin(newer)
    bench.run()
    bench.release.decide_by_hand("promote", "few requests, all of them well")
    assert bench.champion == version_of(newer)


def test_what_was_inconclusive_begins_anew_and_blocks_nothing(bench: Bench, newer: Path) -> None:
    measured, bench.monitor.by_version = bench.monitor.by_version, lambda version: ArmTraffic()
    bench.release.begin(newer)
    bench.run()
    bench.monitor.by_version = measured
    again = bench.release.begin(newer)
    assert (again.move, again.share_percent) == ("start", POLICY.shares_percent[0])
    bench.run()
    assert bench.champion == version_of(newer)


def test_where_nobody_sees_to_a_change_it_is_held_and_no_fault_of_the_candidates(
    bench: Bench, newer: Path
) -> None:
    candidate = bench.release.begin(newer).candidate
    assert candidate
    bench.release.tick()
    bench.rack.late, bench.rack.down = "the controller is away", {candidate.name: "not seen"}
    held = bench.release.tick()
    assert held
    assert held.ruling.move == "hold"
    assert held.ruling.reason.startswith("the controller is away: ")
    bench.rack.late, bench.rack.down = "", {}
    bench.run()
    assert bench.rack.state
    assert bench.rack.state.champion.version == version_of(newer)


def test_a_change_that_is_seen_to_during_a_look_condemns_nobody(
    bench: Bench, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = bench.release.begin(newer).candidate
    assert candidate
    bench.release.tick()
    late = iter(["the controller is late"])
    down = {candidate.name: "not seen"}
    monkeypatch.setattr(bench.rack, "unreconciled", lambda family: next(late, ""))
    monkeypatch.setattr(bench.rack, "unready", lambda family: down if next(late, "") else {})
    decision = bench.release.tick()
    assert decision
    assert decision.ruling.move == "hold"


def test_a_change_that_nobody_sees_to_for_long_is_inconclusive(bench: Bench, newer: Path) -> None:
    bench.release.begin(newer)
    bench.release.tick()
    bench.rack.late = "the controller is away"
    bench.run()
    assert set(bench.moves[:-1]) == {"hold"}
    assert bench.moves[-1] == "inconclusive"
    assert "the controller is away" in bench.told[-1].ruling.reason
    assert "without measurements" in bench.told[-1].ruling.reason


def test_a_monitor_that_refuses_is_an_outage_under_way_and_an_error_before(
    bench: Bench, newer: Path
) -> None:
    def refuse(_version: str) -> ArmTraffic:
        raise BadInput("http://prometheus: 404: not an answer of Prometheus")

    measured, bench.monitor.by_version = bench.monitor.by_version, refuse
    with pytest.raises(BadInput, match="404"):
        bench.release.begin(newer)
    assert bench.rack.state
    assert bench.rack.state.candidate is None
    bench.monitor.by_version = measured
    bench.release.begin(newer)
    bench.monitor.by_version = refuse
    bench.run()
    assert bench.moves[-1] == "inconclusive"
    assert "without measurements" in bench.told[-1].ruling.reason


def test_beginning_again_finds_what_is_under_way(bench: Bench, newer: Path) -> None:
    under_way = bench.release.begin(newer)
    bench.release.tick()
    assert bench.release.begin(newer).candidate == under_way.candidate


def test_a_second_release_waits_for_the_first(
    bench: Bench, newer: Path, package: Path, tmp_path: Path
) -> None:
    bench.release.begin(newer)
    newest = write_sibling(package, tmp_path / "newest", 2e-4)
    with pytest.raises(BadInput, match=f"a release of {version_of(newer)} is under way"):
        bench.release.begin(newest)


def test_a_champion_that_is_not_deployed_is_asked_for(bench: Bench, newer: Path) -> None:
    bench.rack.state = None
    with pytest.raises(BadInput, match="try: matops release up elastic_cgcnn"):
        bench.release.begin(newer)
    deployed = deploy_champion(FAMILY, bench.rack, bench.packages)
    assert deployed.champion.version == bench.champion
    assert bench.release.begin(newer).candidate


def test_a_kill_between_promotion_and_publication_is_made_good_by_the_next_look(
    bench: Bench, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    before = bench.champion
    bench.release.begin(newer)
    with monkeypatch.context() as patch:
        patch.setattr(bench.packages, "publish", kill)
        with pytest.raises(Killed):
            bench.run()
    assert bench.champion == before
    assert bench.release.tick() is None
    assert bench.champion == version_of(newer)


def test_a_kill_between_decision_and_deployment_shows_as_a_decision_that_falls_twice(
    bench: Bench, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.release.begin(newer)
    bench.release.tick()
    bench.wait(0)
    bench.wait(0)
    with monkeypatch.context() as patch:
        patch.setattr(bench.rack, "apply", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bench.release.tick()
    assert bench.rack.state
    assert bench.rack.state.share_percent == 20
    again = bench.release.tick()
    kept = bench.packages.decisions(FAMILY)
    assert [decision.ruling.move for decision in kept[-2:]] == ["advance", "advance"]
    assert kept[-1] == again
    assert bench.rack.state.share_percent == 50


def test_by_hand_nothing_is_judged(bench: Bench, newer: Path) -> None:
    bench.release.begin(newer)
    decision = bench.release.decide_by_hand("promote", "a hotfix")
    assert decision.ruling.reason == "a hotfix"
    assert bench.champion == version_of(newer)
    with pytest.raises(BadInput, match="no release is under way"):
        bench.release.decide_by_hand("roll_back", "too late")


def test_what_does_not_answer_is_not_promoted_by_hand(bench: Bench, newer: Path) -> None:
    bench.release.begin(newer)
    bench.rack.down = {f"m{version_of(newer)[:8]}-3": "loading"}
    with pytest.raises(BadInput, match="can't be promoted: loading"):
        bench.release.decide_by_hand("promote", "hurry")


def test_without_prometheus_no_release_begins(bench: Bench, newer: Path) -> None:
    with pytest.raises(BadInput, match="MATOPS_PROMETHEUS"):
        replace(bench.release, monitor=None).begin(newer)
    assert bench.rack.state
    assert bench.rack.state.candidate is None
