"""Every object of every overlay is one that its kind allows, and a misspelt field is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from matops.adapters.kubernetes.kserve_manifests import PodSettings, canary, inference_service
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.kustomize import everything
from tests.support.schemas import check, misspellings

Json = dict[str, Any]


def reason_of(item: Json) -> str:
    """Why an object is not valid; empty if it is."""
    try:
        check(item)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("item", everything())
def test_an_object_is_valid(item: Json) -> None:
    check(item)


@pytest.mark.parametrize("item", everything())
def test_each_misspelt_field_is_found(item: Json) -> None:
    found = {path: bool(reason_of(changed)) for path, changed in misspellings(item)}
    assert len(found) >= 2
    assert all(found.values()), [path for path, reason in found.items() if not reason]


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        ("monitoring.coreos.com/v1 PodMonitor", {"selector": 3}, "not of type 'object'"),
        ("gateway.networking.k8s.io/v1 Gateway", {"listeners": 1}, "spec.listeners: 1 is not"),
        ("gateway.networking.k8s.io/v1 Gatway", {}, "no kind Gatway"),
        ("serving.kserve.io/v1alpha1 ServingRuntime", {"containers": {}}, "not a list"),
        (
            "serving.kserve.io/v1beta1 InferenceService",
            {"canary": [{"trafficPercent": "1"}]},
            "int",
        ),
        ("batch/v1 CronJob", {"schedule": 1}, "1 is not of type 'string'"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(kind: str, spec: Json, words: str) -> None:
    version, name = kind.split()
    with pytest.raises(ValueError, match=words):
        check({"apiVersion": version, "kind": name, "metadata": {"name": "x"}, "spec": spec})


def test_what_a_release_writes_is_valid_and_each_misspelling_is_found() -> None:
    arm = Arm("m8a727648-1", "8a727648abea", "s3://matops/models/8a727648abea")
    other = replace(arm, name="b")
    rollout = Rollout(7, arm, other, None, 10, stage_began="then", setbacks=2, reason="why")
    pods = PodSettings(replicas=2, service_account="matops-serving")
    made = inference_service(get_family("elastic_cgcnn"), rollout, pods)
    made["spec"]["canary"] = [canary(other, 10, pods, 1)]
    check(made)
    refused = [reason_of(changed) for _, changed in misspellings(made)]
    assert len(refused) > 20
    assert all("unknown field" in reason for reason in refused)
