"""MLflow's registry, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from matops.adapters.release.mlflow_registry import MlflowRegistry
from matops.adapters.release.registry_http import LARGEST_ANSWER_BYTES
from matops.core.errors import BadInput
from matops.processes.retry import RetryPolicy
from tests.support.local_server import LocalHandler, local_server
from tests.support.mlflow_process import running_mlflow
from tests.support.registrations import FIRST

HERE = replace(FIRST, version="b00b1e5b00b1", address="matops://node-7/models/b00b1e5b00b1")
QUICK = RetryPolicy(attempts=2, pause_s=0.001, total_s=2.0)


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_mlflow(tmp_path_factory.mktemp("mlflow")) as url:
        yield url


def ask(url: str, path: str, **parameters: str) -> Any:
    answer = httpx.get(f"{url}/api/2.0/mlflow/{path}", params=parameters, timeout=30)
    return answer.raise_for_status().json()


def champion(url: str, family: str) -> Any:
    found = ask(url, "registered-models/alias", name=family, alias="champion")
    return found["model_version"]


@pytest.mark.live
def test_a_release_is_a_version_with_tags_and_the_alias_champion(mlflow: str) -> None:
    assert MlflowRegistry(mlflow).register(FIRST) == "elastic_cgcnn/1"
    version = champion(mlflow, FIRST.family)
    assert version["source"] == FIRST.address
    tags = {tag["key"]: tag["value"] for tag in version["tags"]}
    assert tags == {"matops.version": FIRST.version, **FIRST.tags}
    model = ask(mlflow, "registered-models/get", name=FIRST.family)["registered_model"]
    assert model["description"] == FIRST.title


@pytest.mark.live
def test_the_same_again_changes_nothing_and_the_next_release_takes_over(mlflow: str) -> None:
    first = replace(FIRST, family="nanoporous_cnn3d")
    second = replace(HERE, family="nanoporous_cnn3d")
    registry = MlflowRegistry(mlflow)
    assert [registry.register(first) for _ in range(2)] == ["nanoporous_cnn3d/1"] * 2
    assert registry.register(second) == "nanoporous_cnn3d/2"
    assert champion(mlflow, first.family)["source"] == HERE.address
    assert registry.register(first) == "nanoporous_cnn3d/1"
    assert champion(mlflow, first.family)["version"] == "1"
    both = ask(mlflow, "model-versions/search", filter=f"name = '{first.family}'")
    assert len(both["model_versions"]) == 2


@pytest.mark.live
def test_what_mlflow_refuses_is_one_line_with_its_reason(mlflow: str) -> None:
    refused = replace(FIRST, family="diffusivity_cnn2d", address="/models/here")
    with pytest.raises(BadInput, match=r"400: Invalid model version source: '/models/here'"):
        MlflowRegistry(mlflow).register(refused)


class Slow(LocalHandler):
    def do_GET(self) -> None:
        self.say(503, b"")


class Page(LocalHandler):
    def do_GET(self) -> None:
        self.say(200, b"<html>welcome</html>")


class Endless(LocalHandler):
    def do_GET(self) -> None:
        self.say(200, b" " * (2 * LARGEST_ANSWER_BYTES) + b"{}")


class Stranger(LocalHandler):
    def do_GET(self) -> None:
        self.say_json(200, {"model_versions": [{"name": "none has a number"}]})


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (Slow, "MLflow answers 503"),
        (Page, "200: not an answer of MLflow"),
        (Endless, "its answer does not end"),
        (Stranger, "not answers of MLflow"),
    ],
)
def test_another_server_or_one_in_trouble_is_one_line(
    handler: type[LocalHandler], reason: str
) -> None:
    with local_server(handler) as url, pytest.raises(BadInput, match=reason):
        MlflowRegistry(url, retry=QUICK).register(FIRST)
