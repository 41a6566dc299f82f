"""The cluster that the tests marked ``cluster`` run on: any that the kubeconfig names."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from tests.support.kubectl import Kubectl, wait_until

Json = dict[str, Any]

OWN_IMAGE = "local/busybox:1"
"""What devtools/cluster imports; nodes of other clusters pull busybox."""
START_S = 120.0


@dataclass(frozen=True)
class Cluster(Kubectl):
    """A cluster with nodes and controllers, some parts of which may be missing."""

    @cached_property
    def image(self) -> str:
        """An image with a shell and the programs of busybox."""
        nodes = self.get("nodes")["items"]
        images = [image for node in nodes for image in node["status"].get("images") or []]
        names = [name for image in images for name in image.get("names") or []]
        return OWN_IMAGE if any(name.endswith(OWN_IMAGE) for name in names) else "busybox:1.37"

    def client(self) -> client.ApiClient:
        """The Python client, as the same user."""
        kubeconfig = str(self.kubeconfig) if self.kubeconfig else None
        return config.new_client_from_config(kubeconfig, self.context)

    def exists(self, *arguments: str) -> bool:
        """Whether kubectl finds something."""
        return bool(self.kubectl("get", *arguments, "--ignore-not-found", "-o", "name").stdout)

    @contextmanager
    def namespace(self) -> Iterator[Namespace]:
        """A namespace that is taken away with all that is in it, without waiting for that."""
        name = f"matops-test-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "namespace", name)
        # Pods are refused until their namespace has its service account.
        account = ("serviceaccount", "default", "-n", name)
        wait_until(lambda: self.exists(*account), f"a service account in {name}")
        try:
            yield Namespace(self, name)
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")


@dataclass(frozen=True)
class Namespace:
    """One namespace of a cluster.

    Attributes:
        cluster: whose it is.
        name: its own.
    """

    cluster: Cluster
    name: str

    def kubectl(self, *arguments: str, given: Any = None, fails: bool = False) -> str:
        """What kubectl prints for this namespace."""
        options = ("--namespace", self.name)
        return self.cluster.kubectl(*options, *arguments, given=given, fails=fails).stdout

    def get(self, *arguments: str) -> Any:
        """What kubectl gets, as JSON."""
        return self.cluster.get("--namespace", self.name, *arguments)

    def apply(self, *objects: Json) -> None:
        """Create objects, or change them."""
        self.kubectl("apply", "--filename=-", given=list(objects))

    def start(self, name: str, script: str, wait: bool = True, **spec: Any) -> None:
        """Start a pod whose one container runs a shell's script; ``spec`` adds to the pod's.

        A ``container`` in it adds to the container's fields. The pod's label ``app`` is its name.
        """
        container = {
            "name": "main",
            "image": self.cluster.image,
            "command": ["/bin/sh", "-c", script],
            **spec.pop("container", {}),
        }
        spec = {"containers": [container], "terminationGracePeriodSeconds": 0, **spec}
        metadata = {"name": name, "labels": {"app": name}}
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        if wait:
            self.wait(f"pod/{name}", "condition=Ready")

    def wait(self, what: str, reason: str, patience_s: float = START_S) -> None:
        """Wait for a condition, as kubectl names it; the object's own words say why not."""
        try:
            self.kubectl("wait", what, f"--for={reason}", f"--timeout={patience_s:g}s")
        except AssertionError as missing:
            raise AssertionError(f"{missing}\n{self.kubectl('describe', what)}") from None

    def run(self, pod: str, *command: str, fails: bool = False) -> str:
        """What a command prints in a pod that runs."""
        return self.kubectl("exec", pod, "--", *command, fails=fails)


def chosen_cluster() -> Cluster:
    """The one that the environment names; none is ever taken by chance."""
    kubeconfig, context = os.environ.get("KUBECONFIG"), os.environ.get("MATOPS_KUBERNETES_CONTEXT")
    if not kubeconfig and not context:
        pytest.skip("no cluster is named by KUBECONFIG or MATOPS_KUBERNETES_CONTEXT")
    return Cluster(Path(kubeconfig) if kubeconfig else None, context)
