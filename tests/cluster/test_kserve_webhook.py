"""A real KServe refuses what the tests' server does, and takes what a release writes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from matops.adapters.kubernetes.kubernetes_objects import KubernetesObjects
from tests.support.cluster import Cluster
from tests.support.refused_services import CASES, check_changes, check_refused

pytestmark = [pytest.mark.cluster, pytest.mark.needs("KServe")]


@pytest.fixture(scope="module")
def objects(cluster: Cluster) -> Iterator[KubernetesObjects]:
    with cluster.namespace() as own:
        yield KubernetesObjects(cluster.client().configuration, own.name)


@pytest.mark.parametrize("case", CASES)
def test_what_kserve_refuses_is_refused(objects: KubernetesObjects, case: str) -> None:
    check_refused(objects, case)


def test_what_a_release_writes_is_taken(objects: KubernetesObjects) -> None:
    check_changes(objects)
