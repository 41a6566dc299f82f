"""Canary release: a candidate takes over the traffic in stages, under a judge.

One look at a time, so that a command can loop and a scheduled job can do without one. What is
under way stands on the deployment; whoever looks next goes on from there, after a kill too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from matops.artifacts.model.package import read_card, read_golden
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release import rollout as states
from matops.core.release.canary import NEEDS_PERSON, judge_canary, windows
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.decision import Decision, Evidence
from matops.core.release.rollout import Arm, Rollout
from matops.core.release.ruling import RuledMove, Ruling
from matops.core.release.traffic import ArmTraffic
from matops.steps.ports import (
    Announcer,
    ArmClient,
    ModelRegistry,
    PackageStore,
    Serving,
    TrafficMonitor,
)
from matops.steps.release.paired_answers import gather_pairs, golden_mismatches
from matops.steps.release.registration import register_or_warn
from matops.steps.release.release import check_releasable

Clock = Callable[[], datetime]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CanaryRelease:
    """Releases of one family."""

    family: Family
    serving: Serving  # where they run
    monitor: TrafficMonitor | None  # what the arms meet; a first model needs none
    packages: PackageStore  # where packages, the champion and the decisions are kept
    client: ArmClient  # asks single arms
    policy: CanaryPolicy  # what a candidate must show
    clock: Clock  # the time, UTC
    announcer: Announcer | None = None  # is told of each move
    registry: ModelRegistry | None = None  # has what is released

    def begin(self, package: Path, again: bool = False, report: str = "") -> Rollout:
        """Begin the release of a package, or find it under way or done.

        One that was inconclusive begins anew. With ``again``, one that was rolled back may be
        tried once more. ``report`` is where people read what was measured of the candidate.

        Raises:
            BadInput: the gates rejected it, it was rolled back before, another release is under
                way, the champion is not deployed, or what should measure it is no monitor.
        """
        card = check_releasable(package)
        before = self.serving.rollout(self.family)
        if before and card.version == before.champion.version:
            return before
        candidate = before.candidate if before else None
        if before and candidate and candidate.version == card.version and not before.awaits_person:
            return before
        ended = self.packages.last_end(self.family, card.version)
        if ended and ended.ruling.move == "roll_back" and not again:
            raise BadInput(
                f"{card.version} was rolled back; matops release history {self.family.name} says "
                "why, and --again tries it once more"
            )
        if before is None and self.packages.champion(self.family):
            raise BadInput(
                f"{self.family.name}: the champion is not deployed; "
                f"try: matops release up {self.family.name}"
            )
        now, kept = self.clock(), self.packages.keep(self.family, package)
        location = self.serving.location(self.family, kept)
        if before is None:
            after = states.deploy_first(card.version, location)
            after = replace(after, move="start", release_began=now.isoformat())
        else:
            # A wrong address is told now; once a release is under way, it is an outage.
            self._monitored().traffic(self.family, before.champion, now - timedelta(minutes=1), now)
            after = states.begin(before, card.version, location, now, self.policy, report)
        self._decide(before, after, Ruling("hold", after.reason), Evidence())
        return after

    def tick(self) -> Decision | None:
        """Reconcile once: finish what a kill left open, judge, and apply what follows.

        The decision is None where no release is under way.

        Raises:
            BadInput: nothing is deployed, or somebody else moved the release meanwhile.
        """
        rollout = self._deployed()
        if rollout.candidate is None:
            if rollout.move == "start":
                return self._first(rollout)
            self.serving.apply(self.family, rollout)  # repairs what is missing
            self._publish(rollout.champion)
            return None
        if rollout.move == "start":
            return self._starting(rollout)
        if rollout.awaits_person:
            self.serving.apply(self.family, rollout)
            return self._decision(
                rollout, rollout, Ruling("inconclusive", rollout.reason), Evidence()
            )
        ruling, evidence = self._look(rollout)
        return self._follow(rollout, ruling, evidence)

    def decide_by_hand(self, move: RuledMove, reason: str) -> Decision:
        """Promote, roll back or approve what is under way, whatever the judge would say.

        Raises:
            BadInput: nothing is under way, or a candidate to promote does not answer.
        """
        rollout = self._deployed()
        unready = self.serving.unready(self.family)
        if rollout.candidate is None:
            raise BadInput(f"{self.family.name}: no release is under way")
        if move == "approve" and rollout.share_percent not in self.policy.approve_at:
            raise BadInput(
                f"{self.family.name}: nothing to approve at {rollout.share_percent} %, the policy "
                f"asks for it at {list(self.policy.approve_at)} %"
            )
        if move == "promote" and rollout.candidate.name in unready:
            why = unready[rollout.candidate.name]
            raise BadInput(f"{rollout.candidate.version} can't be promoted: {why}")
        return self._follow(rollout, Ruling(move, reason), Evidence(unready))

    def _deployed(self) -> Rollout:
        rollout = self.serving.rollout(self.family)
        if rollout is None:
            raise BadInput(f"{self.family.name}: nothing is deployed")
        return rollout

    def _starting(self, rollout: Rollout) -> Decision:
        """The arms of a new release start; nothing is judged before all of them answer."""
        unready, waited_s = self.serving.unready(self.family), self._waited_s(rollout)
        if not unready:
            after = states.candidate_ready(rollout, self.clock())
            return self._decide(rollout, after, Ruling("hold", after.reason), Evidence())
        words = "; ".join(f"{name} is not ready: {why}" for name, why in sorted(unready.items()))
        if waited_s >= self.policy.most_start_s:
            ruling = Ruling("roll_back", f"{words}, {waited_s:.0f} s after the release began")
            return self._follow(rollout, ruling, Evidence(unready))
        self.serving.apply(self.family, rollout)
        return self._decision(rollout, rollout, Ruling("hold", words), Evidence(unready))

    def _waited_s(self, rollout: Rollout) -> float:
        return (self.clock() - datetime.fromisoformat(rollout.release_began)).total_seconds()

    def _look(self, rollout: Rollout) -> tuple[Ruling, Evidence]:
        """What the arms met and answered, and what follows from it."""
        candidate, now = rollout.candidate, self.clock()
        if candidate is None:
            raise BadInput(f"{self.family.name}: no release is under way")
        # Asked first: a change that is reconciled meanwhile must not pass for an arm that is down.
        if unreconciled := self.serving.unreconciled(self.family):
            # As in an outage of the metrics: held, and inconclusive once that lasts too long.
            ruling = judge_canary(rollout, ArmTraffic(), ArmTraffic(), None, now, self.policy)
            return replace(ruling, reason=f"{unreconciled}: {ruling.reason}"), Evidence()
        unready = self.serving.unready(self.family)
        if candidate.name in unready:
            reason = f"the candidate no longer answers: {unready[candidate.name]}"
            return Ruling("roll_back", reason), Evidence(unready)
        own_window, other_window = windows(rollout, now, self.policy)
        own = self._traffic(candidate, own_window)
        other = self._traffic(rollout.reference, other_window)
        golden = read_golden(self.packages.kept(self.family, candidate.version))
        ratio = self.policy.interval_ratio
        paired = gather_pairs(self.family, rollout, golden, self.serving, self.client, ratio)
        ruling = judge_canary(rollout, own, other, paired, now, self.policy)
        return ruling, Evidence(unready, own, other, paired)

    def _traffic(self, arm: Arm, window: tuple[datetime, datetime]) -> ArmTraffic:
        """What an arm met; a judge who gave up where it can't be had would leave the candidate."""
        monitor = self._monitored()
        try:
            return monitor.traffic(self.family, arm, *window)
        except BadInput as error:
            log.warning("%s", error)
            return ArmTraffic()

    def _monitored(self) -> TrafficMonitor:
        if self.monitor is None:
            raise BadInput(
                "a release is judged on live traffic: set MATOPS_PROMETHEUS to the URL of a "
                "Prometheus, as in http://127.0.0.1:9090; docs/release.md says how to start one"
            )
        return self.monitor

    def _follow(self, rollout: Rollout, ruling: Ruling, evidence: Evidence) -> Decision:
        after = states.next_rollout(rollout, ruling, self.clock(), self.policy)
        return self._decide(rollout, after, ruling, evidence)

    def _decide(
        self, before: Rollout | None, after: Rollout, ruling: Ruling, evidence: Evidence
    ) -> Decision:
        """Keep the decision with its evidence, then follow it."""
        decision = self._decision(before, after, ruling, evidence)
        self.packages.note_decision(self.family, decision)
        if ruling.move == "inconclusive":
            self._reopen(decision.version)
        self.serving.apply(self.family, after)
        if ruling.move == "promote":
            self._publish(after.champion)
        if self.announcer and (before is None or _is_news(before, after)):
            self.announcer.announce(self.family, decision)
        return decision

    def _reopen(self, version: str) -> None:
        """A retraining may try the data of a candidate again that nothing is proven against."""
        data = read_card(self.packages.kept(self.family, version)).data.version
        attempt = self.packages.last_attempt(self.family)
        if attempt and attempt.data == data:
            self.packages.note_attempt(self.family, replace(attempt, outcome=""))

    def _decision(
        self, before: Rollout | None, after: Rollout, ruling: Ruling, evidence: Evidence
    ) -> Decision:
        about = (before.candidate if before else None) or after.candidate or after.champion
        now = self.clock().isoformat(timespec="milliseconds")
        return Decision(now, about.version, ruling, evidence, before, after)

    def _first(self, rollout: Rollout) -> Decision:
        """A family's first model is promoted once its golden requests pass where it runs."""
        unready, waited_s = self.serving.unready(self.family), self._waited_s(rollout)
        if unready:
            self.serving.apply(self.family, rollout)
            why = unready[rollout.champion.name]
            if waited_s >= self.policy.most_start_s:
                raise BadInput(f"{rollout.champion.version} is not ready: {why}")
            return self._decision(rollout, rollout, Ruling("hold", why), Evidence(unready))
        golden = read_golden(self.packages.kept(self.family, rollout.champion.version))
        url = self.serving.address(self.family, rollout.champion)
        answers = [self.client.ask(url, self.family, request) for request in golden.requests]
        wrong = golden_mismatches(golden, answers) + answers.count(None)
        if wrong:
            raise BadInput(
                f"{rollout.champion.version}: {wrong} of {len(answers)} golden requests are not "
                f"answered as recorded; try: matops release down {self.family.name}"
            )
        after = states.deploy_first(rollout.champion.version, rollout.champion.package)
        after = replace(after, generation=rollout.generation + 1, champion=rollout.champion)
        ruling = Ruling("promote", "the first model, and its golden requests pass")
        return self._decide(rollout, after, ruling, Evidence())

    def _publish(self, champion: Arm) -> None:
        kept = self.packages.kept(self.family, champion.version)
        self.packages.publish(self.family, kept)
        register_or_warn(self.registry, self.family, kept, self.serving)


def _is_news(before: Rollout, after: Rollout) -> bool:
    """Whether people want to hear of a change: not of each look that holds for another reason."""
    return before != after and (
        (
            (after.move, after.share_percent) != (before.move, before.share_percent)
            and after.move != "hold"
        )
        or after.reason.endswith(NEEDS_PERSON)
    )


def run_until_decided(
    release: CanaryRelease, wait: Callable[[float], None], tell: Callable[[Decision], None]
) -> Rollout:
    """Tick until no release is under way or a person must decide, and return the state left.

    ``wait`` sleeps for some seconds; ``tell`` gets every decision.

    Raises:
        BadInput: nothing is deployed, or somebody else moved the release meanwhile.
    """
    while (decision := release.tick()) is not None:
        tell(decision)
        starting = decision.after.move == "start"
        if decision.ended and not starting:
            break
        wait(min(1.0, release.policy.look_every_s) if starting else release.policy.look_every_s)
    return release._deployed()
