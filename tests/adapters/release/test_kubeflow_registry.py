"""Kubeflow's Model Registry, of which a double answers as its API is described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from matops.adapters.release.kubeflow_registry import KubeflowRegistry
from matops.core.errors import BadInput
from matops.processes.retry import RetryPolicy
from tests.support.model_registry_server import Kept, model_registry
from tests.support.registrations import FIRST

SECOND = replace(FIRST, version="b00b1e5b00b1", address="s3://models/elastic_cgcnn/b00b1e5b00b1")
QUICK = RetryPolicy(attempts=3, pause_s=0.001, total_s=5.0)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def url(kept: Kept) -> Iterator[str]:
    with model_registry(kept) as address:
        yield address


def text(value: str) -> dict[str, str]:
    return {"metadataType": "MetadataStringValue", "string_value": value}


def test_a_release_is_a_version_with_its_address_and_what_people_look_for(
    kept: Kept, url: str
) -> None:
    assert KubeflowRegistry(url).register(FIRST) == "elastic_cgcnn/8a727648abea"
    [model] = kept.objects["registered_models"].values()
    [version] = kept.objects["model_versions"].values()
    [artifact] = kept.objects["artifacts"].values()
    assert (model["name"], model["description"]) == (FIRST.family, FIRST.title)
    assert version["registeredModelId"] == model["id"]
    assert version["customProperties"] == {key: text(word) for key, word in FIRST.tags.items()}
    assert (artifact["of"], artifact["uri"]) == (version["id"], FIRST.address)
    assert model["customProperties"] == {"champion": text(FIRST.version)}


def test_the_same_again_writes_nothing_and_the_next_release_takes_over(
    kept: Kept, url: str
) -> None:
    registry = KubeflowRegistry(url)
    registry.register(FIRST)
    written = list(kept.writes)
    registry.register(FIRST)
    assert kept.writes == written
    [model] = kept.objects["registered_models"].values()
    model["customProperties"]["owner"] = text("a person")
    registry.register(SECOND)
    assert len(kept.objects["registered_models"]) == 1
    assert len(kept.objects["model_versions"]) == 2
    assert model["customProperties"] == {
        "champion": text(SECOND.version),
        "owner": text("a person"),
    }


def test_what_was_cut_off_is_finished(kept: Kept, url: str) -> None:
    registry = KubeflowRegistry(url, retry=QUICK)
    registry.register(FIRST)
    kept.objects["artifacts"].clear()
    registry.register(FIRST)
    [artifact] = kept.objects["artifacts"].values()
    assert artifact["uri"] == FIRST.address


def test_an_overloaded_registry_is_asked_again(kept: Kept, url: str) -> None:
    kept.broken = 2
    KubeflowRegistry(url, retry=QUICK).register(FIRST)
    assert len(kept.objects["model_versions"]) == 1


def test_a_registry_that_is_away_or_another_server_is_one_line(kept: Kept, url: str) -> None:
    kept.broken = 100
    with pytest.raises(BadInput, match="Kubeflow Model Registry answers 503"):
        KubeflowRegistry(url, retry=QUICK).register(FIRST)
    with pytest.raises(BadInput, match="Kubeflow Model Registry does not answer"):
        KubeflowRegistry("http://127.0.0.1:9", retry=QUICK).register(FIRST)


def test_the_token_is_sent_and_a_wrong_one_names_the_setting(kept: Kept, url: str) -> None:
    kept.token = "right"
    KubeflowRegistry(url, "right", QUICK).register(FIRST)
    with pytest.raises(BadInput, match="set MATOPS_MODEL_REGISTRY_TOKEN to a valid one"):
        KubeflowRegistry(url, "wrong", QUICK).register(FIRST)
