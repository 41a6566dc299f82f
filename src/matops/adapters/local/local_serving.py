"""Packages served on this machine: a process for each arm, and HAProxy before them.

The deployment's own directory holds its state: which arms there are, and who gets which share. It
is written before anything else changes, so that whoever comes after a kill knows where to go on.
"""

from dataclasses import replace
from pathlib import Path
from signal import SIGUSR1

from matops.adapters.local.local_deployment import LocalDeployment, ServingHost, State, is_ready
from matops.adapters.local.local_reconciliation import DRAIN_S, END_S, Notice, Reconciliation
from matops.adapters.local.scrape_targets import prometheus_command, write_targets
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.rollout import Arm, Rollout


class LocalServing:
    """The port ``Serving`` for one machine; ``notice`` gets each step before it is done.

    What needs a deployment raises BadInput where there is none.
    """

    is_led_by_schedule = False
    can_mirror = True

    def __init__(self, host: ServingHost, notice: Notice = lambda step: None) -> None:
        self.host, self.notice = host, notice

    def deployment(self, family: Family) -> LocalDeployment:
        """The directory of a family's deployment, whether there is one or not."""
        return LocalDeployment(self.host, family.name)

    def prometheus_command(self, url: str) -> list[str]:
        """Command line of a Prometheus that finds the deployments, at the port of its URL."""
        return prometheus_command(self.host.root, url)

    def rollout(self, family: Family) -> Rollout | None:
        """The state on the deployment, or None while nothing is deployed."""
        state = self.deployment(family).read()
        return state.rollout if state else None

    def url(self, family: Family) -> str:
        """Where clients ask."""
        return f"http://127.0.0.1:{self._state(family).port}"

    def apply(self, family: Family, rollout: Rollout) -> None:
        """Reconcile the deployment with a state; the same state again repairs what is missing.

        An arm that is not ready yet gets its share at the next call after it is.

        Raises:
            BadInput: the deployment has moved on since the state was decided, or HAProxy is
                missing.
        """
        deployment = self.deployment(family)
        with deployment.lock():
            before = deployment.read() or State(self.host.port, rollout)
            _check_follows(family, before.rollout, rollout)
            self.notice("state")
            state = replace(before, rollout=rollout)
            deployment.write(state)
            Reconciliation(deployment, state, self.notice).run()

    def unready(self, family: Family) -> dict[str, str]:
        """Arms that don't answer yet or any more, by name, each with what is known of why."""
        state, deployment = self._state(family), self.deployment(family)
        reasons = {name: _why_unready(deployment, state, name) for name in state.arms}
        return {name: reason for name, reason in reasons.items() if reason}

    def unreconciled(self, family: Family) -> str:
        """Always empty: :meth:`apply` itself reconciles."""
        return ""

    def address(self, family: Family, arm: Arm) -> str:
        """URL at which one arm alone can be asked, past the split of the traffic."""
        port = self._state(family).arm_ports.get(arm.name)
        if port is None:
            raise BadInput(f"{family.name}: {arm.name} is not deployed")
        return f"http://127.0.0.1:{port}"

    def location(self, family: Family, package: Path) -> str:
        """The package's own directory."""
        return str(package.resolve())

    def stop(self, family: Family) -> None:
        """End proxy and arms after the requests under way, and forget the deployment."""
        deployment, state = self.deployment(family), self._state(family)
        with deployment.lock():
            deployment.proxy.process.stop(DRAIN_S, SIGUSR1)
            for name in state.arm_ports:
                deployment.process(name).stop(END_S)
            write_targets(self.host.root, family.name, {})
            deployment.forget()

    def _state(self, family: Family) -> State:
        state = self.deployment(family).read()
        if state is None:
            raise BadInput(f"{family.name}: nothing is deployed")
        return state


def _check_follows(family: Family, before: Rollout, after: Rollout) -> None:
    if after != before and after.generation != before.generation + 1:
        raise BadInput(
            f"{family.name}: the deployment has moved on to generation {before.generation}, "
            f"and generation {after.generation} was decided"
        )


def _why_unready(deployment: LocalDeployment, state: State, arm: str) -> str:
    process, port = deployment.process(arm), state.arm_ports.get(arm)
    if port is None or not process.is_running:
        return f"its process has ended: {process.last_words() or 'it left no words'}"
    return "" if is_ready(port) else "it does not say that it is ready"
