"""The next write that brings an InferenceService nearer to a rollout: a pure function.

Whatever was done before, by this process or by one that was killed, is read from the deployment.
An arm gets traffic only when it is ready, and is taken away only when the route sends it none.
"""

from dataclasses import dataclass
from typing import Any

from matops.adapters.kubernetes.kserve_manifests import (
    PodSettings,
    canary,
    canary_entries,
    includes,
    predictor,
    read_rollout,
    stable_name,
    state_annotation,
)
from matops.adapters.kubernetes.kserve_status import unready_reason
from matops.core.release.rollout import Arm, Rollout

Json = dict[str, Any]


@dataclass(frozen=True)
class Observed:
    """A deployment as it is."""

    service: Json  # the InferenceService
    # share of the traffic by arm, as the route splits it; None if there is no route
    shares: dict[str, int] | None


@dataclass(frozen=True)
class Write:
    """A change of the InferenceService, as a JSON merge patch."""

    patch: Json


@dataclass(frozen=True)
class Wait:
    """Nothing to write until the cluster has followed."""

    reason: str
    for_traffic: bool = False  # whether arms run, and the traffic does not go where it should


def next_step(observed: Observed, goal: Rollout, pods: PodSettings) -> Write | Wait | None:
    """The next write, what to wait for, or None where the goal is reached."""
    entries = canary_entries(observed.service)
    running = {stable_name(observed.service), *entries}
    missing = [arm for arm in goal.arms if arm.name not in running]
    if stable_name(observed.service) != goal.champion.name:
        if missing:
            started = [*entries.values(), *(canary(arm, 0, pods) for arm in missing)]
            return Write({"spec": {"canary": started}})
        return _change_champion(observed, goal, pods)
    return _share_traffic(observed, goal, pods)


def _change_champion(observed: Observed, goal: Rollout, pods: PodSettings) -> Write | Wait:
    """All traffic to the new champion first; then the old one goes, which nobody asks any more."""
    name = goal.champion.name
    if reason := unready_reason(observed.service, name):
        return Wait(f"{name}: {reason}")
    entries = canary_entries(observed.service)
    wanted = {arm: 100 if arm == name else 0 for arm in entries}
    if {arm: entry["trafficPercent"] for arm, entry in entries.items()} != wanted:
        moved = [entry | {"trafficPercent": wanted[arm]} for arm, entry in entries.items()]
        return Write({"spec": {"canary": moved}})
    if observed.shares != {name: 100}:
        return _wait_for_traffic(observed, {name: 100})
    kept = [canary(arm, 0, pods) for arm in goal.arms[1:]]
    return _write(goal, kept, pods)


def _share_traffic(observed: Observed, goal: Rollout, pods: PodSettings) -> Write | Wait | None:
    """Each arm its share once all are ready; arms that the goal does not name get none and go."""
    entries, own = canary_entries(observed.service), goal.arms[1:]
    waiting = {arm.name: unready_reason(observed.service, arm.name) for arm in goal.arms}
    waiting = {arm: reason for arm, reason in waiting.items() if reason}
    shares = goal.shares_percent
    wanted = [
        # Until all are ready, a share may fall and must not rise.
        canary(
            arm, min(shares[arm.name], _held(entries, arm)) if waiting else shares[arm.name], pods
        )
        for arm in own
    ]
    named = {arm.name for arm in own}
    leaving = [e | {"trafficPercent": 0} for name, e in entries.items() if name not in named]
    if not _is_written(observed.service, goal, [*wanted, *leaving], pods):
        return _write(goal, [*wanted, *leaving], pods)
    if leaving and _sends(observed, {e["predictor"]["name"] for e in leaving}):
        return _wait_for_traffic(observed, shares)
    if leaving:
        return _write(goal, wanted, pods)
    if waiting:
        return Wait("; ".join(f"{arm}: {reason}" for arm, reason in waiting.items()))
    expected = {arm: percent for arm, percent in shares.items() if percent}
    if own and observed.shares != expected:
        return _wait_for_traffic(observed, expected)
    return None


def _held(entries: dict[str, Json], arm: Arm) -> int:
    """Share of the traffic that an arm has by the InferenceService."""
    return int(entries[arm.name]["trafficPercent"]) if arm.name in entries else 0


def _write(goal: Rollout, canaries: list[Json], pods: PodSettings) -> Write:
    """State and deployment in one write."""
    spec = {"predictor": predictor(goal.champion, pods), "canary": canaries}
    return Write({"metadata": {"annotations": state_annotation(goal)}, "spec": spec})


def _is_written(service: Json, goal: Rollout, canaries: list[Json], pods: PodSettings) -> bool:
    spec = {"predictor": predictor(goal.champion, pods), "canary": canaries}
    return read_rollout(service) == goal and includes({"canary": [], **service["spec"]}, spec)


def _sends(observed: Observed, arms: set[str]) -> bool:
    """Whether the route sends, or may send, traffic to one of these arms."""
    return observed.shares is None or not arms.isdisjoint(observed.shares)


def _wait_for_traffic(observed: Observed, expected: dict[str, int]) -> Wait:
    if observed.shares is None:
        words = "there is no HTTPRoute: KServe splits traffic only with enableGatewayApi"
    else:
        words = f"the traffic is split {_words(observed.shares)}, not yet {_words(expected)}"
    return Wait(words, for_traffic=True)


def _words(shares: dict[str, int]) -> str:
    return ", ".join(f"{arm} {percent} %" for arm, percent in sorted(shares.items())) or "nowhere"
