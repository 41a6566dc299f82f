"""The next write that brings a deployment nearer to a rollout: a pure function.

Whatever was done before, by this process or by one that was killed, is read from the cluster. The
state is written before what follows from it. An arm gets traffic only when it is ready, and is
taken away only when the gateway sends it none.
"""

from dataclasses import dataclass
from typing import Any

from matops.adapters.kubernetes.kserve_manifests import (
    PodSettings,
    canary,
    canary_entries,
    includes,
    inference_service,
    is_ending,
    service_name,
    spec,
    stable_name,
    stable_replicas,
)
from matops.adapters.kubernetes.kserve_mirror import (
    mirror_lag_reason,
    mirror_name,
    mirror_route,
)
from matops.adapters.kubernetes.kserve_state import (
    is_owned_by,
    owned_by,
    read_state,
    state_data,
    state_map,
)
from matops.adapters.kubernetes.kserve_status import (
    NOT_RECONCILED,
    Routes,
    asked_reason,
    lag_reason,
    unready_reason,
)
from matops.adapters.kubernetes.kubernetes_objects import ROUTES, SERVICES, STATES, Kind
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.rollout import Arm, Rollout

Json = dict[str, Any]


@dataclass(frozen=True)
class Observed:
    """A deployment as it is."""

    family: Family
    kept: Json | None  # the ConfigMap with the state
    service: Json | None  # the InferenceService
    routes: Routes
    mirror: Json | None = None  # our own HTTPRoute, by which a candidate gets copies

    @property
    def state(self) -> Rollout | None:
        """The state that was decided last.

        Raises:
            BadInput: it can't be read, or there is a deployment without one.
        """
        if self.kept is None and self.service is not None and not is_ending(self.service):
            name = self.service["metadata"]["name"]
            raise BadInput(
                f"InferenceService {name}: no ConfigMap {name}-rollout beside it, so not deployed "
                "by this version of matops; delete it, or bring the ConfigMap back"
            )
        return read_state(self.kept) if self.kept else None


@dataclass(frozen=True)
class Write:
    """A change of an object as it was read, as a JSON merge patch, or a new object."""

    kind: Kind
    item: Json | None
    content: Json


@dataclass(frozen=True)
class Removal:
    """An object that goes."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Wait:
    """Nothing to write until the cluster has followed."""

    reason: str
    is_error: bool = True  # if it lasts; not for an arm that does not get ready, which is judged


Step = Write | Removal | Wait | None


def next_step(observed: Observed, goal: Rollout, pods: PodSettings) -> Step:
    """The next write, what to wait for, or None where the goal is reached.

    Raises:
        BadInput: the deployment has moved on since the goal was decided.
    """
    kept, service, state = observed.kept, observed.service, observed.state
    if kept is None or state is None:
        return Write(STATES, None, state_map(observed.family, goal))
    if state != goal and state.generation + 1 != goal.generation:
        raise BadInput(
            f"{service_name(observed.family)}: is at generation {state.generation} by now; "
            f"generation {goal.generation} does not follow it"
        )
    if service is None and state == goal:
        return Write(SERVICES, None, inference_service(observed.family, goal, pods))
    if service is None:
        return Write(STATES, kept, state_data(goal))
    if is_ending(service):
        return Wait("the former deployment has not ended yet")
    if not is_owned_by(kept, service):
        return Write(STATES, kept, owned_by(service))
    # Its rules go before those that split the traffic, and name a champion that may change.
    if state == goal and observed.mirror and not goal.is_mirrored:
        return Removal(ROUTES, mirror_name(observed.family))
    if stable_name(service) != goal.champion.name:
        return _promote(observed, kept, service, goal, pods)
    if state != goal:
        return Write(STATES, kept, state_data(goal))
    return _share_traffic(observed, service, goal, pods)


def _promote(
    observed: Observed, kept: Json, service: Json, goal: Rollout, pods: PodSettings
) -> Step:
    """All traffic to the new champion first; then the old one goes, which nobody asks any more.

    It is not decided before the new one answers: until then it may be rolled back.
    """
    name, entries = goal.champion.name, canary_entries(service)
    if name not in entries:
        return _write_canaries(
            service, [*entries.values(), canary(goal.champion, 0, pods, 1)], pods
        )
    if reason := unready_reason(service, name):
        return Wait(f"{name}: {reason}")
    if observed.state != goal:
        return Write(STATES, kept, state_data(goal))
    wanted = {arm: 100 if arm == name else 0 for arm in entries}
    if {arm: entry["trafficPercent"] for arm, entry in entries.items()} != wanted:
        moved = [entry | {"trafficPercent": wanted[arm]} for arm, entry in entries.items()]
        return _write_canaries(service, moved, pods)
    lag = lag_reason(observed.family, service, observed.routes)
    # KServe changes no route while the old champion is down, of which there is nothing to lose.
    if lag and not unready_reason(service, stable_name(service)):
        return Wait(lag)
    kept_arms = [_entry(service, arm, 0, pods) for arm in goal.arms[1:]]
    return Write(SERVICES, service, {"spec": spec(goal.champion, kept_arms, pods)})


def _share_traffic(observed: Observed, service: Json, goal: Rollout, pods: PodSettings) -> Step:
    """Each arm its share once all are ready; arms that the goal does not name get none and go."""
    entries, own = canary_entries(service), goal.arms[1:]
    reasons = {arm.name: unready_reason(service, arm.name) for arm in goal.arms}
    unready = "; ".join(f"{arm}: {reason}" for arm, reason in reasons.items() if reason)
    wanted = [_entry(service, arm, _share(goal, entries, arm, not unready), pods) for arm in own]
    named = {arm.name for arm in own}
    leaving = [e | {"trafficPercent": 0} for name, e in entries.items() if name not in named]
    written = spec(goal.champion, [*wanted, *leaving], pods)
    if not includes({"canary": [], **service["spec"]}, written):
        return Write(SERVICES, service, {"spec": written})
    if leaving:
        gone = [entry["predictor"]["name"] for entry in leaving]
        asked = asked_reason(observed.family, service, observed.routes, gone)
        rest = spec(goal.champion, wanted, pods)
        return Wait(asked) if asked else Write(SERVICES, service, {"spec": rest})
    if unready:
        return Wait(unready, is_error=False)
    lag = lag_reason(observed.family, service, observed.routes)
    # A controller that is away is told by who judges.
    return Wait(lag, is_error=lag != NOT_RECONCILED) if lag else _mirror(observed, service, goal)


def _mirror(observed: Observed, service: Json, goal: Rollout) -> Step:
    """The HTTPRoute by which the candidate gets copies; one that no gateway takes is judged."""
    wanted, mirror = mirror_route(observed.family, goal, service, observed.routes), observed.mirror
    if wanted is None:
        return None
    if mirror is None:
        return Write(ROUTES, None, wanted)
    if not includes(mirror["spec"], wanted["spec"]):
        return Write(ROUTES, mirror, {"spec": wanted["spec"]})
    lag = mirror_lag_reason(observed.family, wanted, mirror)
    return Wait(lag, is_error=False) if lag else None


def _share(goal: Rollout, entries: dict[str, Json], arm: Arm, all_ready: bool) -> int:
    """Share of the traffic that an arm may have: until all are ready, it may fall and not rise."""
    share = goal.shares_percent[arm.name]
    if all_ready:
        return share
    return min(share, int(entries[arm.name]["trafficPercent"]) if arm.name in entries else 0)


def _entry(service: Json, arm: Arm, percent: int, pods: PodSettings) -> Json:
    """A canary with one pod until that answers, and with all of them from then on.

    Fewer pods of the champion run beside it meanwhile that are only there to be taken off.
    """
    entry = canary_entries(service).get(arm.name, {"predictor": {"minReplicas": 1}})
    answers = not unready_reason(service, arm.name)
    found = int(entry["predictor"]["minReplicas"])
    return canary(arm, percent, pods, pods.replicas if answers or found > 1 else 1)


def _write_canaries(service: Json, canaries: list[Json], pods: PodSettings) -> Write:
    """Change the canaries beside a champion that stays as it is."""
    beside = {"minReplicas": stable_replicas(canaries, pods)}
    return Write(SERVICES, service, {"spec": {"predictor": beside, "canary": canaries}})
