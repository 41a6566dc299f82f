"""Model packages on Kubernetes, behind KServe in Standard mode."""

import time
from pathlib import Path

from matops.adapters.kubernetes.kserve_manifests import (
    PodSettings,
    arm_service,
    check_name,
    service_name,
)
from matops.adapters.kubernetes.kserve_mirror import mirror_lag_reason, mirror_name, mirror_route
from matops.adapters.kubernetes.kserve_plan import Observed, Removal, Step, Wait, Write, next_step
from matops.adapters.kubernetes.kserve_pods import arm_failure, pod_selector
from matops.adapters.kubernetes.kserve_state import state_name
from matops.adapters.kubernetes.kserve_status import lag_reason, route_names, unready_reason
from matops.adapters.kubernetes.kubernetes_objects import (
    DEPLOYMENTS,
    PODS,
    ROUTES,
    SERVICES,
    STATES,
    Conflict,
    Json,
    KubernetesObjects,
)
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.rollout import Arm, Rollout

MOST_WRITES = 20
"""Of one change of state, which needs six: more are a quarrel with another writer."""


class KServeServing:
    """One InferenceService for each family; see :mod:`matops.adapters.kubernetes.kserve_plan`.

    What needs a deployment raises BadInput where there is none.

    Args:
        objects: the cluster's objects.
        pods: what all pods have in common.
        packages_uri: where pods find the workspace's packages, as in ``s3://bucket/models``.
        patience_s: how long a call waits for arms to be ready and for the route to follow; the
            same call again waits on, so that no look at a release takes forever.
        poll_s: between two looks at the cluster.
    """

    is_led_by_schedule = True
    can_mirror = True

    def __init__(
        self,
        objects: KubernetesObjects,
        pods: PodSettings,
        packages_uri: str = "",
        patience_s: float = 60.0,
        poll_s: float = 2.0,
    ) -> None:
        self.objects, self.pods, self.packages_uri = objects, pods, packages_uri.rstrip("/")
        self.patience_s, self.poll_s = patience_s, poll_s

    def prometheus_command(self, url: str) -> list[str]:
        """None: a cluster has its own."""
        return []

    def rollout(self, family: Family) -> Rollout | None:
        """The state beside the InferenceService, or None while nothing is deployed."""
        return self._observe(family, ()).state

    def apply(self, family: Family, rollout: Rollout) -> None:
        """Reconcile the InferenceService with a state; idempotent, and resumable after a kill.

        An arm that does not become ready in time gets no traffic; :meth:`unready` has the reason.

        Raises:
            BadInput: the deployment has moved on, a new champion does not become ready, the
                traffic does not follow, or the cluster can't be reached.
        """
        for arm in rollout.arms:
            check_name(family, arm.name, self.objects.namespace)
        deadline = time.monotonic() + self.patience_s
        writes = 0
        while step := next_step(self._observe(family, self._routes(family)), rollout, self.pods):
            if isinstance(step, Write | Removal) and writes < MOST_WRITES:
                self._write(step)
                writes += 1
            elif isinstance(step, Wait) and time.monotonic() < deadline:
                time.sleep(self.poll_s)
            else:
                self._give_up(family, step)
                return

    def unready(self, family: Family) -> dict[str, str]:
        """Arms that don't answer yet or any more, by name, each with what is known of why."""
        observed = self._observe(family, ())
        arms = observed.state.arms if observed.state else ()
        reasons = {arm.name: unready_reason(observed.service, arm.name) for arm in arms}
        return {arm: self._why(family, arm, words) for arm, words in reasons.items() if words}

    def unreconciled(self, family: Family) -> str:
        """Why the traffic is not split as was written; empty if it is."""
        observed = self._observe(family, self._routes(family))
        service, state, routes = observed.service, observed.state, observed.routes
        if service is None or state is None:
            return ""
        wanted = mirror_route(family, state, service, routes)
        return lag_reason(family, service, routes) or mirror_lag_reason(
            family, wanted, observed.mirror
        )

    def address(self, family: Family, arm: Arm) -> str:
        """URL within the cluster at which one arm alone can be asked."""
        name = arm_service(family, arm.name)
        port = self.objects.service_port(name)
        if port is None:
            raise BadInput(f"{self.objects.namespace}/{name}: no such Service")
        return f"http://{name}.{self.objects.namespace}.svc.cluster.local:{port}"

    def url(self, family: Family) -> str:
        """Where clients ask; empty until KServe has given it an address."""
        service = self._service(family)
        return str(((service or {}).get("status") or {}).get("url", ""))

    def location(self, family: Family, package: Path) -> str:
        """URI of a package, which lies there as it lies in the workspace.

        Raises:
            BadInput: no URI is named that pods on other machines could read.
        """
        if "://" not in self.packages_uri:
            raise BadInput(
                "a cluster reads packages by URI: set MATOPS_PACKAGES_URI to where it finds what "
                "the workspace has in models/, as in s3://bucket/models"
            )
        return f"{self.packages_uri}/{family.name}/{package.name}"

    def stop(self, family: Family) -> None:
        """Delete InferenceService and state; KServe ends its pods, which finish what they have."""
        if self.rollout(family) is None:
            raise BadInput(f"{family.name}: nothing is deployed")
        self.objects.delete(ROUTES, mirror_name(family))
        self.objects.delete(SERVICES, service_name(family))
        self.objects.delete(STATES, state_name(family))

    def _service(self, family: Family) -> Json | None:
        return self.objects.get(SERVICES, service_name(family))

    def _routes(self, family: Family) -> tuple[Json | None, ...]:
        return tuple(self.objects.get(ROUTES, name) for name in route_names(family))

    def _observe(self, family: Family, routes: tuple[Json | None, ...]) -> Observed:
        """The deployment as it is; the service first, which is not made without a state."""
        service = self._service(family)
        kept = self.objects.get(STATES, state_name(family))
        mirror = self.objects.get(ROUTES, mirror_name(family)) if routes else None
        return Observed(family, kept, service, routes, mirror)

    def _why(self, family: Family, arm: str, words: str) -> str:
        """What KServe says of an arm, with what its pods say."""
        pods = self.objects.list(PODS, pod_selector(family, arm))
        deployment = None if pods else self.objects.get(DEPLOYMENTS, arm_service(family, arm))
        failure = arm_failure(pods, deployment)
        return f"{words}: {failure}" if failure and failure not in words else words

    def _write(self, step: Write | Removal) -> None:
        """Write or remove, unless the object changed: then the next look decides anew."""
        try:
            if isinstance(step, Removal):
                self.objects.delete(step.kind, step.name)
            elif step.item is None:
                self.objects.create(step.kind, step.content)
            else:
                self.objects.patch(step.kind, step.item, step.content)
        except Conflict:
            time.sleep(self.poll_s / 10)

    def _give_up(self, family: Family, step: Step) -> None:
        """Time is over: an arm that is not ready shows in :meth:`unready`, the rest is an error.

        Raises:
            BadInput: the goal's champion is not the champion yet, the traffic does not follow, or
                something else writes as well.
        """
        where = f"{self.objects.namespace}/{service_name(family)}"
        if isinstance(step, Write):
            raise BadInput(f"{where}: changed {MOST_WRITES} times, and is changed back each time")
        if isinstance(step, Wait) and step.is_error:
            raise BadInput(f"{where}: after {self.patience_s:g} s: {step.reason}")
