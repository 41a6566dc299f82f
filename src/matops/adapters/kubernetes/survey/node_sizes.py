"""Pods that no node of a cluster can take, which would wait for ever: a pure function of both."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kubernetes.client import CoreV1Api
from kubernetes.utils.quantity import parse_quantity

from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects

Json = Mapping[str, Any]

GPU = "nvidia.com/gpu"
RESOURCES = ("cpu", "memory", GPU)
TEMPLATES = {
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "ServingRuntime": ("spec",),
}
"""Where objects have the pods that they make."""


@dataclass(frozen=True)
class Size:
    """What a pod asks for, or what a node has for pods."""

    name: str  # what it is, in the words of a line
    cpu: Decimal
    memory: Decimal  # bytes
    gpus: Decimal

    def fits(self, node: "Size") -> bool:
        """Whether a pod of this size goes on a node that has nothing else."""
        return self.cpu <= node.cpu and self.memory <= node.memory and self.gpus <= node.gpus

    def __str__(self) -> str:
        gpus = f", {self.gpus:f} GPUs" if self.gpus else ""
        return f"{self.cpu.normalize():f} CPUs, {self.memory / 2**30:.1f} GiB{gpus}"


def size_of(name: str, resources: Json) -> Size:
    """From Kubernetes's quantities by resource; what is not named is none."""
    cpu, memory, gpus = (parse_quantity(resources.get(resource, 0)) for resource in RESOURCES)
    return Size(name, cpu, memory, gpus)


def pod_sizes(objects: Iterable[Json]) -> list[Size]:
    """What a pod of each Kubernetes object asks for that makes pods."""
    sizes = []
    for item in objects:
        pod = item if item["kind"] in TEMPLATES else {}
        for key in TEMPLATES.get(item["kind"], ()):
            pod = pod.get(key, {})
        if pod.get("containers"):
            requests = [c.get("resources", {}).get("requests", {}) for c in pod["containers"]]
            sizes.append(_together(f"{item['kind']} {item['metadata']['name']}", requests))
    return sizes


def _together(name: str, requests: Iterable[Json]) -> Size:
    """What several containers ask for."""
    asked = [size_of(name, request) for request in requests]
    cpu, memory = sum(size.cpu for size in asked), sum(size.memory for size in asked)
    return Size(name, Decimal(cpu), Decimal(memory), Decimal(sum(size.gpus for size in asked)))


def node_sizes(objects: KubernetesObjects) -> list[Size]:
    """What each node has for pods.

    Raises:
        BadInput: the cluster can't be reached, or refuses.
    """
    found = objects.ask("nodes", CoreV1Api(objects.client).list_node)
    return [size_of(node.metadata.name, node.status.allocatable or {}) for node in found.items]


def too_large(pods: Iterable[Size], nodes: list[Size]) -> Iterator[str]:
    """A line for each pod that no node can take; a cluster that has no node yet is not judged."""
    for pod in pods:
        if nodes and not any(pod.fits(node) for node in nodes):
            largest = max(nodes, key=lambda node: (node.gpus, node.cpu, node.memory))
            yield f"{pod.name}: asks for {pod}, and no node has as much; the largest has {largest}"
