"""Clients that others wrote, unchanged: Triton's and KServe's, over HTTP and gRPC."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton_http
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

from matops.artifacts.model.package import read_card, read_golden
from tests.support.servers import NAME, OwnServer, own_server

if TYPE_CHECKING:
    from tests.conftest import Released

BAD = {"crystal": {"lattice_A": [], "species": ["Xx"], "frac_coords": []}}


@pytest.fixture(scope="module")
def server(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    with own_server(released.package, tmp_path_factory.mktemp("clients")) as running:
        yield running


@pytest.fixture(scope="module")
def texts(released: Released) -> list[bytes]:
    return [json.dumps(payload).encode() for payload in read_golden(released.package).requests]


@pytest.fixture(scope="module")
def moduli(released: Released) -> list[float]:
    """What the golden requests are answered."""
    answers = read_golden(released.package).answers
    return [answer.estimates["K_VRH"].value for answer in answers]


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_triton_s_client_gets_right_answers_and_reasons(
    server: OwnServer, released: Released, texts: list[bytes], moduli: list[float], kind: str
) -> None:
    url = server.grpc if kind == "grpc" else server.url.removeprefix("http://")
    given = {
        "texts": [text.decode() for text in texts],
        "bad": json.dumps(BAD),
        "version": read_card(released.package).version,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.triton_asking", kind, url],
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["is_up"] == [True] * 3
    for name in ("all", "named", "of the version"):
        np.testing.assert_allclose(seen[name], moduli, rtol=1e-5)
    assert seen["outside"] == "bool"
    assert seen["not named"] is None
    assert "no output 'hardness'" in seen["unknown output"]
    assert "there is no" in seen["unknown version"]
    assert "instances[1]" in seen["bad sample"]
    np.testing.assert_allclose(seen["skipped"], [moduli[0], np.nan], rtol=1e-5)
    assert [bool(text) for text in seen["errors"]] == [False, True]


def test_triton_s_client_takes_json_too(
    server: OwnServer, texts: list[bytes], moduli: list[float]
) -> None:
    given = triton_http.InferInput("instances", [len(texts)], "BYTES")
    given.set_data_from_numpy(np.array(texts, dtype=object), binary_data=False)
    wanted = [triton_http.InferRequestedOutput("K_VRH", binary_data=False)]
    url = server.url.removeprefix("http://")
    with triton_http.InferenceServerClient(url) as client:
        answer = client.infer(NAME, [given], outputs=wanted)
    assert "data" in answer.get_output("K_VRH")
    np.testing.assert_allclose(answer.as_numpy("K_VRH"), moduli, rtol=1e-5)


def kserve_request(texts: list[bytes], is_binary: bool) -> InferRequest:
    given = InferInput("instances", [len(texts)], "BYTES")
    given.set_data_from_numpy(np.array(texts, dtype=object), binary_data=is_binary)
    return InferRequest(model_name=NAME, infer_inputs=[given])


@pytest.mark.parametrize("is_binary", [False, True])
def test_kserve_s_rest_client_gets_right_answers(
    server: OwnServer, texts: list[bytes], moduli: list[float], is_binary: bool
) -> None:
    async def ask() -> Any:
        client = InferenceRESTClient(RESTConfig(protocol="v2"))
        assert await client.is_server_ready(server.url)
        assert await client.is_model_ready(server.url, NAME)
        return await client.infer(server.url, kserve_request(texts, is_binary), NAME)

    answer = asyncio.run(ask())
    np.testing.assert_allclose(answer.get_output_by_name("K_VRH").as_numpy(), moduli, rtol=1e-5)


def test_kserve_s_rest_client_speaks_v1(
    server: OwnServer, texts: list[bytes], moduli: list[float]
) -> None:
    async def ask() -> Any:
        client = InferenceRESTClient(RESTConfig(protocol="v1"))
        instances = [json.loads(text) for text in texts]
        return await client.infer(server.url, {"instances": instances}, NAME)

    answers = asyncio.run(ask())["predictions"]
    values = [answer["estimates"]["K_VRH"]["value"] for answer in answers]
    np.testing.assert_allclose(values, moduli, rtol=1e-5)


@pytest.mark.parametrize("is_binary", [False, True])
def test_kserve_s_grpc_client_gets_right_answers(
    server: OwnServer, texts: list[bytes], moduli: list[float], is_binary: bool
) -> None:
    async def ask() -> Any:
        client = InferenceGRPCClient(server.grpc)
        try:
            assert await client.is_server_ready()
            return await client.infer(kserve_request(texts, is_binary))
        finally:
            await client.close()

    answer = asyncio.run(ask())
    np.testing.assert_allclose(answer.get_output_by_name("K_VRH").as_numpy(), moduli, rtol=1e-5)


def test_refusals_have_one_form(server: OwnServer) -> None:
    refused = [
        httpx.get(f"{server.url}/nowhere"),
        httpx.get(server.predict),
        httpx.post(server.predict, content=b"{"),
        httpx.post(server.predict, json={"instances": [BAD]}),
        httpx.post(server.predict, json={"instances": [BAD], "on_error": "cry"}),
        httpx.post(server.predict, content=b"x", headers={"content-encoding": "gzip"}),
        httpx.post(
            f"{server.url}/v2/models/{NAME}/infer",
            content=b"{}",
            headers={"inference-header-content-length": "seven"},
        ),
    ]
    assert [answer.status_code for answer in refused] == [404, 405, 400, 400, 400, 415, 400]
    for answer in refused:
        assert list(answer.json()) == ["error"]
        assert answer.headers["content-type"] == "application/json"


def test_a_browser_sees_a_page_and_a_probe_does_not(server: OwnServer) -> None:
    assert httpx.get(server.url).json() == {"status": "alive"}
    page = httpx.get(server.url, headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert "K_VRH" in page.text
    assert httpx.get(f"{server.url}/docs").text == page.text
