"""Why the pods of an arm don't answer, as Kubernetes tells it; KServe tells it of no canary."""

from collections.abc import Sequence
from typing import Any

from matops.adapters.kubernetes.kserve_manifests import arm_service
from matops.core.family import Family

Json = dict[str, Any]

STARTING = {"", "ContainerCreating", "PodInitializing"}
"""Reasons to wait that pass by themselves."""


def pod_selector(family: Family, arm: str) -> str:
    """The pods of an arm, as a label selector."""
    return f"app=isvc.{arm_service(family, arm)}"


def arm_failure(pods: Sequence[Json], deployment: Json | None) -> str:
    """What keeps an arm from answering, as far as its pods or their absence tell; else empty."""
    if not pods:
        return _refusal(deployment or {})
    return next((failure for pod in pods if (failure := _pod_failure(pod))), "")


def _refusal(deployment: Json) -> str:
    """Why no pod was made, as by a quota or by pod security."""
    return _message(deployment, "ReplicaFailure", "True")


def _pod_failure(pod: Json) -> str:
    if unscheduled := _message(pod, "PodScheduled", "False"):
        return unscheduled
    status = pod.get("status") or {}
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return next((failure for one in containers if (failure := _container_failure(one))), "")


def _message(item: Json, condition: str, status: str) -> str:
    """The message of a condition that has a status; empty if there is none."""
    told = (item.get("status") or {}).get("conditions") or []
    found = (one for one in told if one["type"] == condition and one["status"] == status)
    return next((str(one.get("message") or one.get("reason") or "") for one in found), "")


def _container_failure(container: Json) -> str:
    name, state = container["name"], container.get("state") or {}
    ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated")
    if not container.get("ready") and ended and ended.get("exitCode"):
        return f"{name} ended with {ended['exitCode']}: {_last_words(ended)}"
    waiting = state.get("waiting") or {}
    if waiting.get("reason", "") in STARTING:
        return ""
    return f"{name}: {waiting.get('message') or waiting['reason']}"


def _last_words(ended: Json) -> str:
    """The last line of what a container left behind, or Kubernetes' reason."""
    lines = str(ended.get("message") or "").split("\n")
    return next((line for line in reversed(lines) if line.strip()), ended.get("reason", ""))
