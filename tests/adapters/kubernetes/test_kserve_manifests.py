"""Rollouts as InferenceServices: what KServe's published models allow, and back without loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matops.adapters.kubernetes.kserve_manifests import (
    STATE,
    PodSettings,
    arm_service,
    canary,
    canary_entries,
    includes,
    inference_service,
    predictor,
    read_rollout,
    service_name,
    stable_name,
)
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.kubernetes_server import check_model, check_webhook

FAMILY = get_family("elastic_cgcnn")
ARM = Arm("8a727648-1", "8a727648abea", "s3://models/8a727648abea")
ROLLOUT = Rollout(
    7, ARM, replace(ARM, name="b"), None, 10, "then", "before", 2, "hold", "“ok” < 5 %"
)
PODS = PodSettings(replicas=3, service_account="reader", grace_s=90)


def test_a_manifest_is_what_kserve_publishes() -> None:
    made = inference_service(FAMILY, ROLLOUT, PODS)
    made["spec"]["canary"] = [canary(replace(ARM, name="b"), 10, PODS)]
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
        check_model("V1beta1CanarySpec", canary(ARM, "10", PODS), "canary")  # type: ignore[arg-type]


def test_pods_differ_by_package_and_variant_only() -> None:
    one, other = (predictor(arm, PODS) for arm in (ARM, Arm("x", "v", "s3://y")))
    assert one["model"]["args"] == ["--variant", ARM.name]
    assert (one["minReplicas"], one["maxReplicas"]) == (3, 3)
    assert (one["serviceAccountName"], one["terminationGracePeriodSeconds"]) == ("reader", 90)
    changed = {"name": "x", "model": {**one["model"], "storageUri": "s3://y"}}
    changed["model"]["args"] = ["--variant", "x"]
    assert other == one | changed
    assert "serviceAccountName" not in predictor(ARM, PodSettings())


def test_the_state_comes_back_as_it_was_kept() -> None:
    assert read_rollout(inference_service(FAMILY, ROLLOUT, PODS)) == ROLLOUT


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"generation": "7"}', '{"generation": 7, "champion": null}']
)
def test_a_state_that_does_not_fit_its_schema_is_refused(text: str) -> None:
    made = inference_service(FAMILY, ROLLOUT, PODS)
    made["metadata"]["annotations"][STATE] = text
    with pytest.raises(BadInput, match="InferenceService elastic-cgcnn: annotation matops/rollout"):
        read_rollout(made)


def test_names_are_those_that_kubernetes_allows() -> None:
    assert service_name(get_family("nanoporous_cnn3d")) == "nanoporous-cnn3d"
    assert arm_service(FAMILY, "b") == "elastic-cgcnn-b-predictor"
    with pytest.raises(BadInput, match="63"):
        arm_service(FAMILY, "b" * 40)


def test_defaults_of_the_cluster_are_no_difference() -> None:
    wanted = {"a": 1, "list": [{"b": 2}]}
    assert includes({"a": 1, "list": [{"b": 2, "default": 0}], "more": 3}, wanted)
    assert not includes({"a": 1, "list": [{"b": 2}, {"b": 3}]}, wanted)
    assert not includes({"a": 1, "list": "b"}, wanted)
    assert not includes({"a": 1}, wanted)
