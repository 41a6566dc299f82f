"""Where rolling releases run: on this machine, or on a cluster with KServe."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGKILL
from typing import Protocol
from urllib.parse import urlsplit

import httpx
from kubernetes.client import CoreV1Api

from devtools.object_store import free_port
from matops.adapters.kubernetes.kserve_manifests import arm_service
from matops.adapters.kubernetes.kserve_serving import KServeServing
from matops.adapters.local.local_deployment import ServingHost
from matops.adapters.local.local_serving import LocalServing
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.release.rollout import Arm
from matops.entrypoints.settings import Settings
from matops.entrypoints.wiring import package_store, serving
from matops.steps.ports import Serving


class Place(Protocol):
    """A place with at most one deployment of a family."""

    @property
    def serving(self) -> Serving:
        """The deployments."""

    def keep(self, family: Family, package: Path) -> str:
        """Bring a package to where servers read it, and say where that is."""

    def client(self, family: Family) -> httpx.Client:
        """A client that asks as everybody does."""

    def kill(self, family: Family, arm: Arm) -> None:
        """End a server of an arm, as happens in such a place."""


@dataclass(frozen=True)
class OnThisMachine:
    """Processes behind HAProxy; ``serve`` is what serves a package, ``matops serve`` if empty."""

    root: Path
    serve: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)

    @property
    def serving(self) -> LocalServing:
        """The deployments, each time as the files say."""
        host = ServingHost(self.root, self.port)
        return LocalServing(replace(host, serve=self.serve) if self.serve else host)

    def keep(self, family: Family, package: Path) -> str:
        """The package where it is."""
        return str(package)

    def client(self, family: Family) -> httpx.Client:
        """A client of the proxy."""
        return httpx.Client(base_url=self.serving.url(family), timeout=60, verify=False)

    def kill(self, family: Family, arm: Arm) -> None:
        """Kill the arm's process, with all that it has under way."""
        self.serving.deployment(family).process(arm.name).signal(SIGKILL)


class OnKServe:
    """Pods of the cluster that the settings name.

    Args:
        settings: as ``matops release`` reads them; packages are copied to the bucket.
        gateway: URL at which clients reach the gateway; empty where the name of the deployment
            is known to the network.
    """

    def __init__(self, settings: Settings, gateway: str = "") -> None:
        deployments = serving(settings)
        if not isinstance(deployments, KServeServing):
            raise BadInput("releases on a cluster need MATOPS_SERVING=kserve")
        self.serving, self.gateway = deployments, gateway
        self.packages = package_store(settings)

    def keep(self, family: Family, package: Path) -> str:
        """The package's place in the bucket, once it is there."""
        return self.serving.location(family, self.packages.keep(family, package))

    def client(self, family: Family) -> httpx.Client:
        """A client of the gateway, which knows a deployment by its host name."""
        url = self.serving.url(family)
        headers = {"host": urlsplit(url).netloc}
        return httpx.Client(base_url=self.gateway or url, headers=headers, timeout=60, verify=False)

    def kill(self, family: Family, arm: Arm) -> None:
        """Delete one of the arm's pods, as where a node is drained: it may finish what it has."""
        api, namespace = CoreV1Api(self.serving.objects.client), self.serving.objects.namespace
        selector = f"app=isvc.{arm_service(family, arm.name)}"
        first = api.list_namespaced_pod(namespace, label_selector=selector).items[0]
        api.delete_namespaced_pod(first.metadata.name, namespace)
