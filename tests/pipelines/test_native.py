"""Pipelines as objects for Kubeflow's Kubernetes-native mode."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

# Fields of pipelines.kubeflow.org/v2beta1, as Kubeflow 2.17 defines them.
FIELDS = {
    "Pipeline": {"displayName", "description"},
    "PipelineVersion": {
        "displayName",
        "description",
        "pipelineName",
        "pipelineSpec",
        "platformSpec",
        "codeSourceURL",
        "pipelineSpecURI",
    },
}
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""What Kubernetes takes as the name of an object."""

Documents = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def written(definitions: Path) -> dict[str, tuple[Documents, Documents]]:
    """Each pipeline as compiled, and as objects."""
    return {
        path.stem: (documents(path), documents(definitions / "native" / path.name))
        for path in definitions.glob("*.yaml")
    }


def documents(path: Path) -> Documents:
    first, second = yaml.safe_load_all(path.read_text())
    return first, second


def test_every_object_is_one_that_kubernetes_takes(
    written: dict[str, tuple[Documents, Documents]],
) -> None:
    for _, objects in written.values():
        assert [found["kind"] for found in objects] == ["Pipeline", "PipelineVersion"]
        for found in objects:
            assert set(found) == {"apiVersion", "kind", "metadata", "spec"}
            assert found["apiVersion"] == "pipelines.kubeflow.org/v2beta1"
            assert found["metadata"]["namespace"] == "matops"
            assert NAME.fullmatch(found["metadata"]["name"])
            assert set(found["spec"]) <= FIELDS[found["kind"]]


def test_a_version_belongs_to_its_pipeline_and_is_what_was_compiled(
    written: dict[str, tuple[Documents, Documents]],
) -> None:
    assert len({objects[1]["metadata"]["name"] for _, objects in written.values()}) == len(written)
    for (spec, platform), (pipeline, version) in written.values():
        name = pipeline["metadata"]["name"]
        assert version["spec"]["pipelineName"] == name == spec["pipelineInfo"]["name"]
        assert version["metadata"]["name"].startswith(f"{name}-012345678901-")
        assert version["spec"]["pipelineSpec"] == spec
        assert version["spec"]["platformSpec"] == platform
