"""The tests' server refuses what KServe's webhook does; tests/cluster asks a real one the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes.client import Configuration

from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects
from tests.support.answering import running
from tests.support.kserve_controller import NAMESPACE
from tests.support.kubernetes_server import Cluster
from tests.support.refused_services import CASES, check_changes, check_refused


@pytest.fixture
def objects() -> Iterator[KubernetesObjects]:
    with running(Cluster()) as cluster:
        yield KubernetesObjects(Configuration(host=cluster.url), NAMESPACE)


@pytest.mark.parametrize("case", CASES)
def test_what_kserve_refuses_is_refused(objects: KubernetesObjects, case: str) -> None:
    check_refused(objects, case)


def test_what_a_release_writes_is_taken(objects: KubernetesObjects) -> None:
    check_changes(objects)
