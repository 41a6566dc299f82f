"""Releases on the deployment of this workspace."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matops.adapters.arm_client import HttpArmClient
from matops.adapters.scrape_targets import prometheus_command
from matops.artifacts.package import read_card
from matops.core.canary_policy import CanaryPolicy
from matops.core.decision import Decision
from matops.core.rollout import Rollout
from matops.core.ruling import RuledMove
from matops.entrypoints.configuration import change_fields
from matops.entrypoints.settings import Settings, read_settings
from matops.entrypoints.wiring import package_store, serving, traffic_monitor
from matops.families import get_family
from matops.steps.canary_release import CanaryRelease, deploy_champion, run_until_decided

Tell = Callable[[Decision], None]


def canary_release(
    family: str, changes: Mapping[str, Any] | None = None, prometheus: str = ""
) -> CanaryRelease:
    """Releases of a family.

    Args:
        family: its name.
        changes: changed fields of the policy.
        prometheus: URL of the Prometheus; that of the settings if empty.

    Raises:
        BadInput: no such family, or a change that does not fit.
    """
    settings = _settings(prometheus)
    return CanaryRelease(
        family=get_family(family),
        serving=serving(settings),
        monitor=traffic_monitor(settings),
        packages=package_store(settings),
        client=HttpArmClient(),
        policy=change_fields(CanaryPolicy(), changes or {}, "policy"),
        clock=lambda: datetime.now(UTC),
    )


def _settings(prometheus: str) -> Settings:
    settings = read_settings()
    return settings.model_copy(update={"prometheus": prometheus}) if prometheus else settings


def release_package_here(
    package: Path, again: bool, changes: Mapping[str, Any], prometheus: str, tell: Tell
) -> Rollout:
    """Begin the release of a package, or find it under way, and lead it to its end.

    Raises:
        BadInput: it can't be begun, or somebody else moved it meanwhile.
    """
    release = canary_release(read_card(package).family, changes, prometheus)
    release.begin(package, again)
    return run_until_decided(release, time.sleep, tell)


def deploy_here(family: str, port: int) -> Rollout:
    """Deploy the released model on this machine, or repair its deployment."""
    settings = read_settings().model_copy(update={"port": port})
    found = get_family(family)
    return deploy_champion(found, serving(settings), package_store(settings))


def stop_here(family: str) -> None:
    """End a deployment on this machine.

    Raises:
        BadInput: nothing is deployed.
    """
    serving(read_settings()).stop(get_family(family))


def decide_by_hand(family: str, move: RuledMove, reason: str) -> Decision:
    """Promote or roll back what is under way."""
    return canary_release(family).decide_by_hand(move, reason)


def decisions_of(family: str) -> list[Decision]:
    """All decisions on a family's releases, the oldest first."""
    return package_store(read_settings()).decisions(get_family(family))


def deployment_status(family: str) -> dict[str, Any]:
    """Rollout, arms that don't answer, address, and how to start a Prometheus for it."""
    settings, found = read_settings(), get_family(family)
    deployment = serving(settings)
    rollout = deployment.rollout(found)
    return {
        "family": family,
        "rollout": rollout,
        "unready": deployment.unready(found) if rollout else {},
        "url": deployment.url(found) if rollout else "",
        "prometheus": prometheus_command(settings.deployments),
    }
