"""Answers with arrays from a real server: V1, V2, gRPC and the client say the same."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import jsonschema
import numpy as np
import pytest
import torch
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from matops.artifacts.model.package import load_predictor
from matops.client import Client
from matops.core.quality.prediction import Prediction
from tests.support.servers import OwnServer, own_server
from tests.support.trapped_atoms import installed, run_all_steps, trapped_records

NAME = "trapped_atoms"
PAYLOADS = [
    {"positions_A": [[0.3, -1.0, 0.5], [1.2, 0.1, 0.0]]},
    {"positions_A": [[0.0, 0.0, 1.0]]},
]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root, threads = tmp_path_factory.mktemp("traps"), torch.get_num_threads()
    with installed(root / "site"):
        yield run_all_steps(root, trapped_records(60)) / "package"
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def here(package: Path) -> list[Prediction]:
    return load_predictor(package).predict(PAYLOADS)


@pytest.fixture(scope="module")
def server(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    site = package.parents[1] / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(Path.cwd())]))
        with own_server(package, tmp_path_factory.mktemp("server")) as running:
            yield running


def expected(here: list[Prediction], name: str, part: str = "value") -> list[Any]:
    return [getattr(prediction.estimates[name], part) for prediction in here]


def test_v1_and_the_client_answer_nested_lists(server: OwnServer, here: list[Prediction]) -> None:
    url = f"{server.url}/v1/models/{NAME}:predict"
    answer = httpx.post(url, json={"instances": PAYLOADS})
    assert answer.status_code == 200, answer.text
    with Client(server.url) as client:
        asked = client.predict(PAYLOADS)
    for raw, typed, local in zip(answer.json()["predictions"], asked, here, strict=True):
        for name, estimate in local.estimates.items():
            for part in ("value", "lower", "upper"):
                value = getattr(estimate, part)
                np.testing.assert_allclose(raw["estimates"][name][part], value, rtol=1e-5)
                assert getattr(typed.estimates[name], part) == raw["estimates"][name][part]
    assert np.shape(asked[0].estimates["forces"].value) == (2, 3)
    assert isinstance(asked[0].estimates["energy"].value, float)


def test_v2_has_the_rows_of_all_samples_and_their_counts(
    server: OwnServer, here: list[Prediction]
) -> None:
    data = [json.dumps(payload) for payload in PAYLOADS]
    tensor = {"name": "instances", "shape": [2], "datatype": "BYTES", "data": data}
    answer = httpx.post(f"{server.url}/v2/models/{NAME}/infer", json={"inputs": [tensor]}).json()
    tensors = {output["name"]: output for output in answer["outputs"]}
    shapes = {name: tensors[name]["shape"] for name in ("energy", "dipole", "forces_upper")}
    assert shapes == {"energy": [2], "dipole": [2, 3], "forces_upper": [3, 3]}
    counts = tensors["atom_count"]
    assert (counts["datatype"], counts["shape"], counts["data"]) == ("INT64", [2], [2, 1])
    for part, suffix in {"value": "", "lower": "_lower"}.items():
        forces = np.reshape(tensors["forces" + suffix]["data"], (3, 3))
        parts = np.split(forces, np.cumsum(counts["data"])[:-1])
        for rows, local in zip(parts, expected(here, "forces", part), strict=True):
            np.testing.assert_allclose(rows, local, rtol=1e-5)
    dipoles = np.reshape(tensors["dipole"]["data"], (2, 3))
    np.testing.assert_allclose(dipoles, expected(here, "dipole"), rtol=1e-5)


def test_metadata_promise_these_tensors_and_describe_the_targets(server: OwnServer) -> None:
    metadata = httpx.get(f"{server.url}/v2/models/{NAME}").json()
    promised = {output["name"]: output for output in metadata["outputs"]}
    assert promised["forces_lower"]["shape"] == [-1, 3]
    assert promised["energy"]["shape"] == promised["atom_count"]["shape"] == [-1]
    assert promised["atom_count"]["datatype"] == "INT64"
    [forces] = [target for target in metadata["targets"] if target["name"] == "forces"]
    assert (forces["axis"], forces["shape"], forces["unit"]) == ("atom", [3], "eV/A")


def test_answers_are_those_that_openapi_describes(server: OwnServer) -> None:
    description = httpx.get(f"{server.url}/openapi.json").json()
    path = f"/v1/models/{NAME}:predict"
    answers = description["paths"][path]["post"]["responses"]
    schema = answers["200"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": description["components"]}
    answer = httpx.post(server.url + path, json={"instances": PAYLOADS}).json()
    jsonschema.validate(answer, whole)
    answer["predictions"][0]["estimates"]["forces"]["value"][0][0] = "much"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer, whole)


def test_grpc_answers_the_same(server: OwnServer, here: list[Prediction]) -> None:
    tensor = messages.ModelInferRequest.InferInputTensor(
        name="instances", datatype="BYTES", shape=[2]
    )
    tensor.contents.bytes_contents.extend(json.dumps(payload).encode() for payload in PAYLOADS)
    with grpc.insecure_channel(server.grpc) as channel:
        request = messages.ModelInferRequest(model_name=NAME, inputs=[tensor])
        answer = GRPCInferenceServiceStub(channel).ModelInfer(request)
    tensors = {output.name: output for output in answer.outputs}
    assert list(tensors["forces"].shape) == [3, 3]
    assert list(tensors["atom_count"].contents.int64_contents) == [2, 1]
    forces = np.reshape(tensors["forces"].contents.fp64_contents, (3, 3))
    np.testing.assert_allclose(forces, np.concatenate(expected(here, "forces")), rtol=1e-5)


def test_an_array_is_one_value_of_a_histogram(server: OwnServer) -> None:
    def counts() -> dict[str, float]:
        lines = httpx.get(f"{server.url}/metrics").text.splitlines()
        wanted = [x for x in lines if x.startswith("matops_prediction_count")]
        return {x.split('target="')[1].split('"')[0]: float(x.rsplit(" ", 1)[1]) for x in wanted}

    with Client(server.url) as client:
        client.predict(PAYLOADS)
        before = counts()
        client.predict(PAYLOADS)
    moved = {name: count - before[name] for name, count in counts().items()}
    assert moved == {"energy": 1, "dipole": 1, "forces": 1}
