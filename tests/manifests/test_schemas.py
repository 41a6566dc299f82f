"""Every object of every overlay is one that its kind allows, and a misspelt field is found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manifests.kustomize import everything
from tests.manifests.schemas import check, misspellings

Json = dict[str, Any]


@pytest.mark.parametrize("item", everything())
def test_an_object_is_valid(item: Json) -> None:
    check(item)


@pytest.mark.parametrize("item", everything())
def test_each_misspelt_field_is_found(item: Json) -> None:
    tried = 0
    for path, changed in misspellings(item):
        tried += 1
        try:
            check(changed)
        except ValueError:
            continue
        pytest.fail(f"{path}: misspelt, and nobody noticed")
    assert tried >= 2


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
