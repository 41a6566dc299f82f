"""Argo Workflows on a cluster of one's own: a graph of two steps, the second told by the first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cluster import Cluster, Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.needs("Argo Workflows")]


def step(name: str, script: str, image: str, **fields: Any) -> dict[str, Any]:
    container = {"image": image, "command": ["/bin/sh", "-c", script]}
    return {"name": name, "container": container, **fields}


def workflow(image: str) -> dict[str, Any]:
    """``second`` fails unless it is told what ``first`` has written."""
    told = {"parameters": [{"name": "told", "value": "{{tasks.first.outputs.result}}"}]}
    tasks = [
        {"name": "first", "template": "first"},
        {"name": "second", "template": "second", "depends": "first", "arguments": told},
    ]
    spec = {
        "entrypoint": "both",
        "serviceAccountName": "workflow",
        "templates": [
            {"name": "both", "dag": {"tasks": tasks}},
            step("first", "echo 42", image),
            step(
                "second",
                "test {{inputs.parameters.told}} = 42",
                image,
                inputs={"parameters": [{"name": "told"}]},
            ),
        ],
    }
    metadata = {"name": "two-steps"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": metadata,
        "spec": spec,
    }


def test_a_graph_of_two_steps_succeeds(cluster: Cluster) -> None:
    if not cluster.exists("serviceaccount", "workflow", "-n", "argo"):
        pytest.skip("this cluster's Argo Workflows is not the one of make cluster")
    argo = Namespace(cluster, "argo")
    argo.apply(workflow(cluster.image))
    try:
        argo.wait("workflow/two-steps", "jsonpath={.status.phase}=Succeeded")
    finally:
        argo.kubectl("delete", "workflow", "two-steps")
