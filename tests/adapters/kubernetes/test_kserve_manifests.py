"""Rollouts as InferenceServices: what KServe's published models and its webhook allow."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from matops.adapters.kubernetes.kserve_manifests import (
    PodSettings,
    arm_service,
    canary,
    canary_entries,
    check_name,
    includes,
    inference_service,
    predictor,
    service_name,
    stable_name,
)
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.kserve_controller import check_webhook
from tests.support.kserve_models import check_model
from tests.support.places import REPOSITORY

FAMILY = get_family("elastic_cgcnn")
ARM = Arm("m8a727648-1", "8a727648abea", "s3://models/8a727648abea")
ROLLOUT = Rollout(
    7, ARM, replace(ARM, name="b"), None, 10, stage_began="then", move="hold", reason="“ok” < 5 %"
)
PODS = PodSettings(replicas=3, service_account="reader", grace_s=90)


def test_a_manifest_is_what_kserve_publishes() -> None:
    made = inference_service(FAMILY, ROLLOUT, PODS)
    made["spec"]["canary"] = [canary(replace(ARM, name="b"), 10, PODS, 1)]
    check_model("V1beta1InferenceServiceSpec", made["spec"], "spec")
    check_webhook(made)
    assert made["metadata"]["name"] == "elastic-cgcnn"
    assert stable_name(made) == ARM.name
    assert list(canary_entries(made)) == ["b"]


def test_the_check_against_the_models_can_fail() -> None:
    broken = predictor(ARM, PODS)
    broken["model"]["storageURI"] = "s3://x"
    with pytest.raises(AssertionError, match="unknown field 'storageURI'"):
        check_model("V1beta1PredictorSpec", broken, "spec.predictor")
    with pytest.raises(AssertionError, match="not of type int"):
        check_model("V1beta1CanarySpec", canary(ARM, "10", PODS, 1), "canary")  # type: ignore[arg-type]


def test_pods_differ_by_package_and_variant_only() -> None:
    one, other = (predictor(arm, PODS) for arm in (ARM, Arm("x", "v", "s3://y")))
    assert one["model"]["args"] == ["--variant", ARM.name]
    assert one["minReplicas"] == 3
    assert (one["serviceAccountName"], one["terminationGracePeriodSeconds"]) == ("reader", 90)
    changed = {"name": "x", "model": {**one["model"], "storageUri": "s3://y"}}
    changed["model"]["args"] = ["--variant", "x"]
    assert other == one | changed
    assert "serviceAccountName" not in predictor(ARM, PodSettings())


def test_a_package_in_a_bucket_is_fetched_by_the_container_of_the_manifests() -> None:
    declared = yaml.safe_load((REPOSITORY / "manifests/base/storage-container.yaml").read_text())
    check_model("V1alpha1ClusterStorageContainer", declared, "container")
    assert predictor(ARM, PODS)["storageContainerName"] == declared["metadata"]["name"]
    assert declared["spec"]["container"]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    on_a_volume = replace(ARM, package="pvc://workspace/models/8a727648abea")
    assert "storageContainerName" not in predictor(on_a_volume, PODS)


def test_names_are_those_that_kubernetes_allows() -> None:
    assert service_name(get_family("nanoporous_cnn3d")) == "nanoporous-cnn3d"
    assert arm_service(FAMILY, "b") == "elastic-cgcnn-b-predictor"
    check_name(FAMILY, "m8a727648-12345", "materials-production")
    with pytest.raises(BadInput, match="58"):
        check_name(FAMILY, "b" * 40, "matops")
    with pytest.raises(BadInput, match="materials-production-of-all-kinds: longer than the 63"):
        check_name(FAMILY, "m8a727648-12345", "materials-production-of-all-kinds")


def test_defaults_of_the_cluster_are_no_difference() -> None:
    wanted = {"a": 1, "list": [{"b": 2}]}
    assert includes({"a": 1, "list": [{"b": 2, "default": 0}], "more": 3}, wanted)
    assert not includes({"a": 1, "list": [{"b": 2}, {"b": 3}]}, wanted)
    assert not includes({"a": 1, "list": "b"}, wanted)
    assert not includes({"a": 1}, wanted)
