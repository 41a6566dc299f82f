"""The OpenAPI description and the server agree, and generated requests are refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest

from benchmarks.serving_attacks import Target
from benchmarks.serving_fuzz import fuzz
from matops.artifacts.model.package import read_golden
from tests.support.cells import COPPER
from tests.support.servers import NAME, own_server

if TYPE_CHECKING:
    from tests.conftest import Released


@pytest.fixture(scope="module")
def description(served: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{served}/openapi.json").json()
    return found


def check(description: dict[str, Any], answer: httpx.Response, method: str) -> None:
    """The answer is one that the description names, with content of that schema."""
    path = answer.request.url.path
    answers = description["paths"][path][method]["responses"]
    content = answers[str(answer.status_code)]["content"]
    schema = content[answer.headers["content-type"].split(";")[0]]["schema"]
    if answer.headers["content-type"].startswith("application/json"):
        jsonschema.validate(answer.json(), {**schema, "components": description["components"]})


def test_each_get_is_answered_as_described(served: str, description: dict[str, Any]) -> None:
    paths = [path for path, methods in description["paths"].items() if "get" in methods]
    assert {"/metrics", "/v2/health/ready", f"/v2/models/{NAME}"} <= set(paths)
    for path in paths:
        answer = httpx.get(served + path)
        assert answer.status_code == 200, path
        check(description, answer, "get")


def test_predictions_and_refusals_are_as_described(
    served: str, description: dict[str, Any], released: Released
) -> None:
    payloads = [*read_golden(released.package).requests, COPPER]
    asked = description["components"]["schemas"]["Instances"]
    schema = {**asked, "components": description["components"]}
    jsonschema.validate({"instances": payloads}, schema)
    data = [json.dumps(payload) for payload in payloads]
    tensor = {"name": "instances", "shape": [len(data)], "datatype": "BYTES", "data": data}
    predict, infer = f"{served}/v1/models/{NAME}:predict", f"{served}/v2/models/{NAME}/infer"
    for url, body in ((predict, {"instances": payloads}), (infer, {"inputs": [tensor]})):
        good = httpx.post(url, json=body)
        assert good.status_code == 200
        check(description, good, "post")
        bad = httpx.post(url, json={})
        assert bad.status_code == 400
        check(description, bad, "post")


@pytest.mark.parametrize(
    "path",
    [
        f"/v2/repository/models/{NAME}/unload",
        f"/v1/models/{NAME}:explain",
        f"/v2/models/{NAME}/versions/1/infer",
        "/redoc",
    ],
)
def test_what_is_not_described_is_not_there(served: str, path: str) -> None:
    answer = httpx.post(served + path, json={})
    assert answer.status_code == 404
    assert "nothing" in answer.json()["error"]


@pytest.mark.parametrize("count", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_generated_requests_are_refused_in_words(
    released: Released, tmp_path: Path, count: int
) -> None:
    with own_server(released.package, tmp_path) as server:
        http, grpc = (int(each.rsplit(":", 1)[1]) for each in (server.url, server.grpc))
        target = Target(server.process.pid, http, grpc, NAME, json.dumps(COPPER).encode())
        findings = fuzz(target, count, [COPPER])
    assert findings.wrong == []
    assert sum(findings.statuses.values()) >= 0.75 * count
    assert findings.statuses["400"] > count / 4
    assert findings.statuses["INVALID_ARGUMENT"] + findings.statuses["NOT_FOUND"] > 0
