"""The same cases on the tests' server and on a real API server: what the first may stand for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import Configuration

from matops.adapters.kubernetes.kserve_manifests import PodSettings, inference_service, service_name
from matops.adapters.kubernetes.kserve_state import (
    is_owned_by,
    owned_by,
    read_state,
    state_data,
    state_map,
    state_name,
)
from matops.adapters.kubernetes.kubernetes_objects import (
    SERVICES,
    STATES,
    Conflict,
    KubernetesObjects,
    connect,
)
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm, Rollout
from matops.families import get_family
from tests.support.answering import running
from tests.support.api_server import running_api_server
from tests.support.kserve_controller import NAMESPACE
from tests.support.kubernetes_server import Cluster
from tests.support.published_kinds import definitions

FAMILY = get_family("elastic_cgcnn")
NAME = service_name(FAMILY)
FIRST = Rollout(0, Arm("m8a727648-1", "8a727648abea", "s3://models/elastic_cgcnn/8a727648abea"))


@contextmanager
def fake(_: Path) -> Iterator[KubernetesObjects]:
    with running(Cluster(end_ticks=0)) as cluster:
        yield KubernetesObjects(Configuration(host=cluster.url), NAMESPACE)


@contextmanager
def real(directory: Path) -> Iterator[KubernetesObjects]:
    with running_api_server(directory) as server, pytest.MonkeyPatch.context() as patch:
        server.kubectl("create", "namespace", NAMESPACE)
        server.add_kinds(definitions())
        patch.setattr(
            "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(server.kubeconfig)
        )
        yield KubernetesObjects(connect(""), NAMESPACE)


@pytest.fixture(scope="module", params=[fake, pytest.param(real, marks=pytest.mark.live)])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubernetesObjects]:
    with request.param(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def objects(server: KubernetesObjects) -> Iterator[KubernetesObjects]:
    """A namespace with one InferenceService, which is gone after the test."""
    server.create(SERVICES, inference_service(FAMILY, FIRST, PodSettings()))
    server.create(STATES, state_map(FAMILY, FIRST))
    yield server
    server.delete(SERVICES, NAME)
    server.delete(STATES, state_name(FAMILY))


def read(objects: KubernetesObjects) -> dict[str, Any]:
    found = objects.get(SERVICES, NAME)
    assert found is not None
    return found


def note(text: str | None) -> dict[str, Any]:
    return {"metadata": {"annotations": {"matops/note": text}}}


def test_what_is_not_there_is_none(server: KubernetesObjects) -> None:
    assert server.get(SERVICES, "nobody") is None
    assert server.service_port("nobody") is None
    server.delete(SERVICES, "nobody")


def test_what_is_there_already_is_a_conflict(objects: KubernetesObjects) -> None:
    with pytest.raises(Conflict, match=NAME):
        objects.create(SERVICES, inference_service(FAMILY, FIRST, PodSettings()))


def test_generations_count_changes_of_the_spec_and_of_nothing_else(
    objects: KubernetesObjects,
) -> None:
    assert read(objects)["metadata"]["generation"] == 1
    objects.patch(SERVICES, read(objects), note("one"))
    assert read(objects)["metadata"]["generation"] == 1
    objects.patch(SERVICES, read(objects), {"spec": {"predictor": {"minReplicas": 7}}})
    found = read(objects)
    assert found["metadata"]["generation"] == 2
    assert found["spec"]["predictor"]["minReplicas"] == 7
    assert found["metadata"]["annotations"]["matops/note"] == "one"


def test_nothing_is_written_over_what_changed_since_it_was_read(
    objects: KubernetesObjects,
) -> None:
    early = read(objects)
    objects.patch(SERVICES, early, note("one"))
    with pytest.raises(Conflict, match=NAME):
        objects.patch(SERVICES, early, note("two"))
    assert read(objects)["metadata"]["annotations"]["matops/note"] == "one"


def test_a_state_follows_the_one_that_was_read_and_no_other(objects: KubernetesObjects) -> None:
    early = objects.get(STATES, state_name(FAMILY))
    assert early is not None
    assert read_state(early) == FIRST
    next_state = replace(FIRST, generation=1)
    objects.patch(STATES, early, state_data(next_state))
    with pytest.raises(Conflict, match="rollout"):
        objects.patch(STATES, early, state_data(FIRST))
    objects.patch(STATES, objects.get(STATES, state_name(FAMILY)) or {}, owned_by(read(objects)))
    kept = objects.get(STATES, state_name(FAMILY))
    assert kept is not None
    assert read_state(kept) == next_state
    assert is_owned_by(kept, read(objects))


def test_null_takes_a_field_away(objects: KubernetesObjects) -> None:
    objects.patch(SERVICES, read(objects), note("one"))
    before = read(objects)["metadata"]["annotations"]
    objects.patch(SERVICES, read(objects), note(None))
    after = read(objects)["metadata"]["annotations"]
    assert before == after | {"matops/note": "one"}
    assert "matops/note" not in after


def test_a_value_of_another_type_is_refused_with_its_place(objects: KubernetesObjects) -> None:
    before = read(objects)["spec"]
    with pytest.raises(BadInput, match=r"422: .*spec\.predictor\.minReplicas"):
        objects.patch(SERVICES, read(objects), {"spec": {"predictor": {"minReplicas": "two"}}})
    assert read(objects)["spec"] == before


def test_what_was_deleted_is_gone_for_those_who_have_read_it(objects: KubernetesObjects) -> None:
    early = read(objects)
    objects.delete(SERVICES, NAME)
    assert objects.get(SERVICES, NAME) is None
    with pytest.raises(Conflict, match="gone"):
        objects.patch(SERVICES, early, note("late"))
