"""Prerequisites of a deployment that a cluster lacks: a pure function of both."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

KUBERNETES = (1, 32)
KSERVE = (0, 21)
PIPELINES = (2, 16)
RELEASE_KINDS = frozenset(
    ["serving.kserve.io/v1beta1 InferenceService", "gateway.networking.k8s.io/v1 HTTPRoute"]
)
"""What releases read and write, beside what is deployed."""

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
"""The annotation by which a storage class takes claims that name none."""

ONE_NODE_PROVISIONERS = {
    "rancher.io/local-path",
    "k8s.io/minikube-hostpath",
    "ebs.csi.aws.com",
    "pd.csi.storage.gke.io",
    "disk.csi.azure.com",
    "cinder.csi.openstack.org",
}
"""Of ReadWriteOnce volumes, which only one node can mount: kind and k3s, and the clouds' disks."""

S3_ENDPOINT = "serving.kserve.io/s3-endpoint"
S3_TLS = "serving.kserve.io/s3-usehttps"
S3_KEYS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})


@dataclass(frozen=True)
class Claim:
    """A PersistentVolumeClaim."""

    name: str  # of the claim
    shared: bool  # whether pods on several nodes mount it
    storage_class: str  # by name; empty for the cluster's default


@dataclass(frozen=True)
class Needs:
    """What objects need that they don't bring along."""

    namespace: str
    kinds: frozenset[str]  # as in ``batch/v1 CronJob``
    secrets: Mapping[str, frozenset[str]]  # keys by name
    serving_secrets: frozenset[str]  # those by which KServe loads packages
    serving_annotations: Mapping[str, str]  # of those: KServe's S3 server; none for AWS
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Secret:
    """Keys and annotations of a secret; no value is read out."""

    keys: frozenset[str]
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class ClusterState:
    """What a cluster has."""

    version: str  # of Kubernetes, as in ``v1.34.4``
    kinds: frozenset[str] = frozenset()  # those of the needs that it knows
    namespace: bool = False  # whether the namespace exists
    secrets: Mapping[str, Secret] = field(default_factory=dict)  # those of the needs that exist
    storage_classes: Mapping[str, str] = field(default_factory=dict)  # provisioner by name
    default_class: str = ""  # name of the default storage class; empty if there is none
    bound: frozenset[str] = frozenset()  # claims that have their volume already
    kserve: str = ""  # image of KServe's controller; empty if there is none
    ingress: Json = field(default_factory=dict)  # KServe's configuration of its routes
    gateway: bool = False  # whether the gateway exists that this configuration names
    pipelines: str = ""  # image of Kubeflow's API server; empty if there is none
    pipelines_in: str = ""  # namespace of that API server
    pipelines_here: bool = False  # whether it runs pipelines in the namespace


def lacks(needs: Needs, cluster: ClusterState) -> list[str]:
    """What is missing, a line each; empty if everything is there."""
    checks = (_version, _kinds, _kserve, _pipelines, _volumes, _secrets)
    return [line for check in checks for line in check(needs, cluster)]


def _version(_: Needs, cluster: ClusterState) -> Iterator[str]:
    yield from _older("Kubernetes", cluster.version, KUBERNETES)


def _older(what: str, version: str, least: tuple[int, int]) -> Iterator[str]:
    """A line if a version is older than what is needed; a tag that is no version passes."""
    number = re.search(r"v?(\d+)\.(\d+)", version.rpartition(":")[2])
    if number and (int(number[1]), int(number[2])) < least:
        yield f"{what} {number[1]}.{number[2]}: needs {least[0]}.{least[1]} or newer"


def _kinds(needs: Needs, cluster: ClusterState) -> Iterator[str]:
    for kind in sorted(needs.kinds - cluster.kinds):
        yield f"{kind}: the cluster does not know this kind; {_bringer(kind)} brings it"


def _bringer(kind: str) -> str:
    names = {
        "serving.kserve.io": "KServe",
        "gateway.networking.k8s.io": "the Gateway API",
        "monitoring.coreos.com": "the Prometheus operator",
        "pipelines.kubeflow.org": "Kubeflow Pipelines in Kubernetes-native mode",
    }
    return names.get(kind.split("/")[0], f"Kubernetes {KUBERNETES[0]}.{KUBERNETES[1]}")


def _kserve(_: Needs, cluster: ClusterState) -> Iterator[str]:
    if not cluster.kserve:
        yield "KServe: no controller runs in the namespace kserve"
        return
    yield from _older("KServe", cluster.kserve, KSERVE)
    if cluster.ingress.get("enableGatewayApi") is not True:
        yield (
            "KServe: splits no traffic; set enableGatewayApi to true in the key ingress of "
            "kserve/inferenceservice-config"
        )
    elif not cluster.gateway:
        name = cluster.ingress.get("kserveIngressGateway", "")
        yield f"Gateway {name}: does not exist, and KServe's routes hang on it"


def _pipelines(needs: Needs, cluster: ClusterState) -> Iterator[str]:
    if not cluster.pipelines:
        yield "Kubeflow Pipelines: no ml-pipeline runs in any namespace"
        return
    yield from _older("Kubeflow Pipelines", cluster.pipelines, PIPELINES)
    if not cluster.pipelines_here:
        yield (
            f"Kubeflow Pipelines: that of {cluster.pipelines_in} runs nothing in the namespace "
            f"{needs.namespace}; install it there, or for several users with a Profile "
            f"{needs.namespace}"
        )


def _volumes(needs: Needs, cluster: ClusterState) -> Iterator[str]:
    for claim in needs.claims:
        if claim.name in cluster.bound:
            continue
        name = claim.storage_class or cluster.default_class
        provisioner = cluster.storage_classes.get(name)
        if not name:
            yield f"volume {claim.name}: the cluster has no default storage class; {_way(cluster)}"
        elif provisioner is None:
            yield f"volume {claim.name}: there is no storage class {name}"
        elif claim.shared and provisioner in ONE_NODE_PROVISIONERS:
            yield (
                f"volume {claim.name}: pods of several nodes mount it, which {provisioner} of the "
                f"storage class {name} can't (ReadWriteMany)"
            )


def _way(cluster: ClusterState) -> str:
    """How a cluster gets a default storage class."""
    if not cluster.storage_classes:
        return "it has no class at all: install a provisioner of volumes, which brings one"
    return (
        f"make one of {', '.join(sorted(cluster.storage_classes))} the default: "
        f"kubectl annotate storageclass NAME {DEFAULT_CLASS}=true"
    )


def _secrets(needs: Needs, cluster: ClusterState) -> Iterator[str]:
    if not cluster.namespace:
        yield f"namespace {needs.namespace}: does not exist, nor do the secrets in it"
        return
    for name, keys in sorted(needs.secrets.items()):
        secret = cluster.secrets.get(name)
        if secret is None:
            yield f"secret {name}: does not exist; its keys are {', '.join(sorted(keys))}"
            continue
        for key in sorted(keys - secret.keys):
            yield f"secret {name}: has no key {key}"
        if name in needs.serving_secrets:
            yield from _annotations(name, secret, needs.serving_annotations)


def _annotations(name: str, secret: Secret, wanted: Mapping[str, str]) -> Iterator[str]:
    for annotation, value in wanted.items():
        stated = secret.annotations.get(annotation, "")
        if stated != value:
            yield f"secret {name}: annotation {annotation} is {stated!r}, not {value!r}"


def needs_of(objects: Iterable[Json], namespace: str) -> Needs:
    """What Kubernetes objects that go to a namespace need and don't bring along."""
    items = list(objects)
    settings = [item.get("data", {}) for item in items if item["kind"] == "ConfigMap"]
    endpoint = next((s["MATOPS_S3_ENDPOINT"] for s in settings if "MATOPS_S3_ENDPOINT" in s), "")
    claims = [item for item in items if item["kind"] == "PersistentVolumeClaim"]
    accounts = [item for item in items if item["kind"] == "ServiceAccount"]
    serving = frozenset(s["name"] for a in accounts for s in a.get("secrets", []))
    return Needs(
        namespace=namespace,
        kinds=RELEASE_KINDS.union(f"{item['apiVersion']} {item['kind']}" for item in items),
        secrets=_secret_keys(items) | dict.fromkeys(serving, S3_KEYS),
        serving_secrets=serving,
        serving_annotations=_s3_annotations(endpoint),
        claims=tuple(_claim(item) for item in claims),
    )


def _s3_annotations(endpoint: str) -> dict[str, str]:
    """Annotations that name an S3 server to KServe, which speaks TLS by default."""
    scheme, _, host = endpoint.rstrip("/").rpartition("://")
    address = {S3_ENDPOINT: host} if host else {}
    return address | ({S3_TLS: "0"} if scheme == "http" else {})


def _claim(item: Json) -> Claim:
    spec = item["spec"]
    shared = "ReadWriteMany" in spec["accessModes"]
    return Claim(item["metadata"]["name"], shared, spec.get("storageClassName", ""))


def _secret_keys(items: list[Json]) -> dict[str, frozenset[str]]:
    """Required keys by secret; a reference to a whole secret (``envFrom``) adds none."""
    keys: dict[str, frozenset[str]] = {}
    for name, key in _references(items):
        keys[name] = keys.get(name, frozenset()) | ({key} if key else frozenset())
    return keys


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Secret and key of every reference that is not optional, however deep."""
    parts = value if isinstance(value, list) else []
    if isinstance(value, Mapping):
        for name in ("secretRef", "secretKeyRef"):
            reference = value.get(name)
            if reference and not reference.get("optional"):
                yield reference["name"], reference.get("key", "")
        parts = list(value.values())
    for part in parts:
        yield from _references(part)
