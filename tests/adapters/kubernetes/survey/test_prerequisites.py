"""What a cluster lacks: every lack is found alone, told in one line, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from matops.adapters.kubernetes.survey.prerequisites import (
    RELEASE_KINDS,
    S3_ENDPOINT,
    S3_TLS,
    Claim,
    ClusterState,
    Needs,
    Secret,
    lacks,
    needs_of,
)

KEYS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
NEEDS = Needs(
    namespace="matops",
    kinds=frozenset({"batch/v1 CronJob", "serving.kserve.io/v1beta1 InferenceService"}),
    secrets={"matops-s3": KEYS},
    serving_secrets=frozenset({"matops-s3"}),
    serving_annotations={S3_ENDPOINT: "s3.example.com:9000"},
    claims=(Claim("workspace", True, ""), Claim("store", False, "fast")),
)
FOUND = ClusterState(
    version="v1.34.4+k3s1",
    kinds=NEEDS.kinds,
    namespace=True,
    secrets={"matops-s3": Secret(KEYS, {S3_ENDPOINT: "s3.example.com:9000"})},
    storage_classes={"shared": "nfs.csi.k8s.io", "fast": "ebs.csi.aws.com"},
    default_class="shared",
    kserve="kserve/kserve-controller:v0.21.0",
    ingress={"enableGatewayApi": True, "kserveIngressGateway": "kserve/gateway"},
    gateway=True,
    pipelines="ghcr.io/kubeflow/kfp-api-server:2.17.0",
    pipelines_in="matops",
    pipelines_here=True,
)


def test_a_cluster_that_has_everything_lacks_nothing() -> None:
    assert lacks(NEEDS, FOUND) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"version": "v1.31.9"}, "Kubernetes 1.31: needs 1.32 or newer"),
        ({"kinds": frozenset({"batch/v1 CronJob"})}, "does not know this kind; KServe brings it"),
        ({"kserve": ""}, "KServe: no controller runs"),
        ({"kserve": "kserve/kserve-controller:v0.9.0"}, "KServe 0.9: needs 0.21"),
        ({"ingress": {"enableGatewayApi": False}}, "set enableGatewayApi to true"),
        ({"ingress": {"enableGatewayApi": "true"}}, "set enableGatewayApi to true"),
        ({"gateway": False}, "Gateway kserve/gateway: does not exist"),
        ({"pipelines": ""}, "no ml-pipeline runs in any namespace"),
        ({"pipelines": "registry:5000/api:2.9.1"}, "Kubeflow Pipelines 2.9: needs 2.16"),
        (
            {"pipelines_here": False, "pipelines_in": "kubeflow"},
            "that of kubeflow runs nothing in the namespace matops",
        ),
        (
            {"default_class": ""},
            "volume workspace: the cluster has no default storage class; make one of fast, shared "
            "the default: kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default",
        ),
        (
            {"default_class": "", "storage_classes": {}, "bound": frozenset({"store"})},
            "volume workspace: the cluster has no default storage class; it has no class at all",
        ),
        ({"default_class": "fast"}, "workspace: pods of several nodes mount it, which ebs"),
        ({"storage_classes": {"shared": "nfs"}}, "volume store: there is no storage class fast"),
        ({"namespace": False, "secrets": {}}, "namespace matops: does not exist, nor do"),
        ({"secrets": {}}, "secret matops-s3: does not exist; its keys are AWS_ACCESS_KEY_ID, AWS"),
        (
            {
                "secrets": {
                    "matops-s3": Secret(
                        KEYS - {"AWS_ACCESS_KEY_ID"}, {S3_ENDPOINT: "s3.example.com:9000"}
                    )
                }
            },
            "secret matops-s3: has no key AWS_ACCESS_KEY_ID",
        ),
        (
            {"secrets": {"matops-s3": Secret(KEYS, {})}},
            f"annotation {S3_ENDPOINT} is '', not 's3.example.com:9000'",
        ),
    ],
)
def test_each_lack_is_one_line_and_nothing_else_is_told(change: dict[str, Any], line: str) -> None:
    [told] = lacks(NEEDS, replace(FOUND, **change))
    assert line in told
    assert "\n" not in told


@pytest.mark.parametrize("tag", ["kserve@sha256:0123", "kserve:latest", "localhost:5000/kserve"])
def test_an_image_without_a_version_is_no_lack(tag: str) -> None:
    assert lacks(NEEDS, replace(FOUND, kserve=tag)) == []


def test_a_claim_that_has_its_volume_needs_no_class() -> None:
    bound = frozenset({"workspace", "store"})
    found = replace(FOUND, default_class="", storage_classes={}, bound=bound)
    assert lacks(NEEDS, found) == []


def test_aws_needs_no_annotation() -> None:
    found = replace(FOUND, secrets={"matops-s3": Secret(KEYS, {})})
    assert lacks(replace(NEEDS, serving_annotations={}), found) == []


def test_needs_are_read_from_the_objects() -> None:
    container = {
        "envFrom": [
            {"secretRef": {"name": "whole"}},
            {"secretRef": {"name": "no", "optional": True}},
        ],
        "env": [{"valueFrom": {"secretKeyRef": {"name": "one", "key": key}}} for key in ("a", "b")],
    }
    items: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "secrets": [{"name": "matops-s3"}]},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "data": {"MATOPS_S3_ENDPOINT": "http://s3:9000/"},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "w"},
            "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "nfs"},
        },
    ]
    needs = needs_of(items, "here")
    assert needs.kinds == RELEASE_KINDS | {f"v1 {item['kind']}" for item in items}
    assert needs.secrets == {"whole": frozenset(), "one": {"a", "b"}, "matops-s3": KEYS}
    assert needs.serving_secrets == {"matops-s3"}
    assert needs.serving_annotations == {S3_ENDPOINT: "s3:9000", S3_TLS: "0"}
    assert needs.claims == (Claim("w", True, "nfs"),)
