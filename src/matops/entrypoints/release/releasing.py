"""Releases on the deployment of this workspace, wherever it is."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matops.adapters.release.arm_client import HttpArmClient
from matops.artifacts.configuration import change_fields
from matops.artifacts.model.evaluation import REPORT
from matops.artifacts.model.package import read_card
from matops.core.errors import BadInput
from matops.core.release.canary_policy import CanaryPolicy
from matops.core.release.decision import Decision
from matops.core.release.rollout import Rollout
from matops.entrypoints.configuration import read_changes
from matops.entrypoints.progress import log_progress
from matops.entrypoints.settings import read_settings
from matops.entrypoints.wiring import (
    announcer,
    comparison_token,
    model_registry,
    package_store,
    serving,
    traffic_monitor,
)
from matops.families import family_names, get_family
from matops.steps.release.canary_release import CanaryRelease, run_until_decided
from matops.steps.release.registration import describe_release

Tell = Callable[[Decision], None]


@dataclass(frozen=True)
class DeploymentStatus:
    """A deployment as people and programs see it."""

    family: str
    rollout: Rollout | None  # None where nothing is deployed
    unready: dict[str, str]  # arms that don't answer, by name, with the reason
    url: str  # where clients ask; empty where it is not known
    prometheus: list[str]  # command line of a Prometheus that scrapes it; none on a cluster


def canary_release(
    family: str, changes: Mapping[str, Any] | None = None, prometheus: str = ""
) -> CanaryRelease:
    """Releases of a family, with a changed policy, or another Prometheus than the settings'."""
    settings = read_settings()
    if prometheus:
        settings = settings.model_copy(update={"prometheus": prometheus})
    deployments = serving(settings)
    standing = read_changes(settings.release_policy, "MATOPS_RELEASE_POLICY")
    policy = change_fields(CanaryPolicy(), {**standing, **(changes or {})}, "policy")
    return CanaryRelease(
        family=get_family(family),
        serving=deployments,
        monitor=traffic_monitor(settings),
        packages=package_store(settings),
        client=HttpArmClient(comparison_token(settings)),
        policy=replace(policy, mirror=policy.mirror and deployments.can_mirror),
        clock=lambda: datetime.now(UTC),
        announcer=announcer(settings),
        registry=model_registry(settings),
    )


def release_package_in_stages(
    package: Path,
    again: bool,
    changes: Mapping[str, Any],
    prometheus: str,
    tell: Tell,
    report: str = "",
) -> Rollout:
    """Begin the release of a package, or find it under way, and lead it to its end.

    ``report`` is where people read about it; the one beside the package, if there is one.

    Raises:
        BadInput: it can't be begun, or somebody else moved it meanwhile.
    """
    release = canary_release(read_card(package).family, changes, prometheus)
    beside = package.resolve().parent / REPORT
    release.begin(package, again, report or (beside.as_uri() if beside.is_file() else ""))
    return run_until_decided(release, time.sleep, tell)


def release_on_traffic(package: Path) -> None:
    """Lead a release to its end in a log.

    Raises:
        BadInput: it was rolled back; the message says why.
    """
    report = log_progress("release")

    def tell(decision: Decision) -> None:
        report(decision.after.share_percent, 100, decision.ruling.reason)

    left = release_package_in_stages(package, False, {}, "", tell)
    if left.champion.version != read_card(package).version:
        raise BadInput(f"{package}: not released, {left.reason}")


def register_champion(name: str) -> str:
    """Have a family's released model in the registry; its name there.

    Raises:
        BadInput: no registry is named, nothing is released, or the registry refuses.
    """
    settings, family = read_settings(), get_family(name)
    registry, champion = model_registry(settings), package_store(settings).champion(family)
    if registry is None:
        raise BadInput(
            "no registry is named: set MATOPS_MODEL_REGISTRY, as in mlflow:http://127.0.0.1:5000"
        )
    if champion is None:
        raise BadInput(f"{name} has no released model to register")
    address = serving(settings).location(family, champion)
    return registry.register(describe_release(champion, address))


def deployed_families() -> list[str]:
    """The families that have a deployment."""
    deployments = serving(read_settings())
    return [name for name in family_names() if deployments.rollout(get_family(name))]


def families_to_judge() -> list[str]:
    """The families that have a deployment, the one that was looked at longest ago first."""
    packages = package_store(read_settings())
    last = {name: packages.last_look(get_family(name)) for name in deployed_families()}
    return sorted(last, key=lambda name: (last[name], name))


def deployment_status(name: str) -> DeploymentStatus:
    """State of a family's deployment."""
    settings, family = read_settings(), get_family(name)
    deployment = serving(settings)
    rollout = deployment.rollout(family)
    unready, url = (deployment.unready(family), deployment.url(family)) if rollout else ({}, "")
    prometheus = deployment.prometheus_command(settings.prometheus)
    return DeploymentStatus(name, rollout, unready, url, prometheus)
