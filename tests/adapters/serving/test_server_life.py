"""A server under load, at its limits and at its end: no accepted request is lost."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import jsonschema
import numpy as np
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from matops.adapters.release.arm_client import HttpArmClient
from matops.adapters.release.comparing import COMPARISON
from matops.families import get_family
from tests.support.cells import COPPER
from tests.support.servers import (
    NAME,
    OwnServer,
    group_lives,
    own_server,
    wait_until,
)

if TYPE_CHECKING:
    from tests.conftest import Released

OVERLAPPING = {
    "crystal": COPPER["crystal"] | {"species": ["Cu"] * 2, "frac_coords": [[0.0] * 3] * 2}
}
FAMILY = get_family(NAME)
GIGABYTE = 2**30
TOKEN = "a-token-of-the-test"


@pytest.fixture(scope="module")
def server(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    options = (
        "--variant",
        "canary-1",
        "--keep-requests",
        "4",
        "--limit",
        "samples=8",
        "--limit",
        "nesting=12",
    )
    directory = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATOPS_COMPARISON_TOKEN", TOKEN)
        with own_server(released.package, directory, *options) as running:
            yield running


def ask(server: OwnServer, *payloads: Any) -> httpx.Response:
    return httpx.post(server.predict, json={"instances": list(payloads)}, timeout=60)


async def ask_many(server: OwnServer, requests: list[list[Any]]) -> list[httpx.Response]:
    async with httpx.AsyncClient(timeout=60) as client:
        asks = (client.post(server.predict, json={"instances": each}) for each in requests)
        return await asyncio.gather(*asks)


def metric(server: OwnServer, name: str, label: str = "") -> float:
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith(f"{name}{{") and label in line
    )


def grpc_request(elements: list[bytes], datatype: str = "BYTES") -> messages.ModelInferRequest:
    tensor = messages.ModelInferRequest.InferInputTensor(
        name="instances", datatype=datatype, shape=[len(elements)]
    )
    tensor.contents.bytes_contents.extend(elements)
    return messages.ModelInferRequest(model_name=NAME, inputs=[tensor])


def test_a_comparison_is_answered_and_not_counted_as_traffic(server: OwnServer) -> None:
    counters = ("matops_requests_total", "matops_request_seconds_count", "matops_samples_total")
    before = [metric(server, name) for name in counters]
    arm = HttpArmClient(TOKEN)
    assert arm.ask(server.url, FAMILY, COPPER) is not None
    assert arm.ask(server.url, FAMILY, OVERLAPPING) is None
    assert arm.recent(server.url) == []
    assert [metric(server, name) for name in counters] == before
    assert ask(server, COPPER).status_code == 200
    assert [metric(server, name) for name in counters] == [count + 1 for count in before]
    assert arm.recent(server.url) == [COPPER]


@pytest.mark.parametrize("token", ["1", "", "another-token-of-the-test", TOKEN + "1"])
def test_a_client_who_calls_its_request_a_comparison_is_counted(
    server: OwnServer, token: str
) -> None:
    before = metric(server, "matops_requests_total")
    body = {"instances": [COPPER]}
    answer = httpx.post(server.predict, json=body, headers={COMPARISON: token}, timeout=60)
    assert answer.status_code == 200
    assert HttpArmClient(token).ask(server.url, FAMILY, COPPER) is not None
    assert metric(server, "matops_requests_total") == before + 2


def test_metadata_says_units_coverage_limits_and_payloads(server: OwnServer) -> None:
    said = httpx.get(f"{server.url}/v2/models/{NAME}").json()
    assert {target["name"]: target["unit"] for target in said["targets"]} == {
        "K_VRH": "GPa",
        "G_VRH": "GPa",
    }
    assert (said["limits"]["samples"], said["limits"]["sample_size_unit"]) == (8, "atoms")
    assert said["coverage"] == 0.8
    assert said["variant"] == "canary-1"
    assert [form["key"] for form in said["payload_forms"]] == [
        "cif",
        "structure",
        "crystal",
        "poscar",
        "vasprun",
        "outcar",
        "espresso_input",
        "espresso_output",
        "lammps_data",
        "lammps_dump",
        "extxyz",
    ]
    by_key = {form["key"]: form for form in said["payload_forms"]}
    assert (by_key["cif"]["files"], by_key["cif"]["encoding"]) == (["*.cif"], "text")
    assert by_key["structure"]["is_structure"]
    jsonschema.validate(COPPER, said["payload_schema"])


def test_a_bad_sample_fails_its_own_request_only(server: OwnServer) -> None:
    requests = [[COPPER], [OVERLAPPING], [COPPER], [{"cif": "copper"}], [COPPER, COPPER]] * 4
    statuses = [answer.status_code for answer in asyncio.run(ask_many(server, requests))]
    assert statuses == [200, 400, 200, 400, 200] * 4


def test_requests_that_wait_share_passes(server: OwnServer) -> None:
    async def ask_while_it_stands_still() -> list[httpx.Response]:
        server.computing().suspend()
        asking = asyncio.create_task(ask_many(server, [[COPPER]] * 40))
        await asyncio.sleep(1)
        server.computing().resume()
        return await asking

    before = metric(server, "matops_batch_size_count"), metric(server, "matops_batch_size_sum")
    answers = asyncio.run(ask_while_it_stands_still())
    assert {answer.status_code for answer in answers} == {200}
    after = metric(server, "matops_batch_size_count"), metric(server, "matops_batch_size_sum")
    assert after[1] - before[1] == 40
    # The first, the second that lay ready for it, and the rest in passes of 32 at most.
    assert after[0] - before[0] <= 8


def test_too_many_samples_and_too_deep_brackets_are_refused(server: OwnServer) -> None:
    assert "at most 8" in ask(server, *[COPPER] * 9).json()["error"]
    assert "12 levels" in ask(server, {"crystal": json.loads("[" * 20 + "]" * 20)}).json()["error"]


def test_a_million_atoms_are_refused_before_they_are_read(server: OwnServer) -> None:
    atoms = "".join(f"Cu{i} Cu 0 0 {i}e-6\n" for i in range(200_000))
    answer = ask(server, {"cif": f"data_x\nloop_\n_atom_site_label\n{atoms}"})
    assert answer.status_code == 400
    huge = {"species": ["Cu"] * 400_000, "frac_coords": [], "lattice_A": []}
    assert "at most 2000" in ask(server, {"crystal": huge}).json()["error"]
    assert ask(server, {"cif": "x" * 9 * 2**20}).status_code == 413


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_gigabyte_is_refused_while_it_streams(server: OwnServer, is_declared: bool) -> None:
    before_MiB, refused = server.rss_MiB(), metric(server, "matops_requests_total", "bad_input")
    size = f"content-length: {GIGABYTE}" if is_declared else "transfer-encoding: chunked"
    head = f"POST /v1/models/{NAME}:predict HTTP/1.1\r\nhost: x\r\n{size}\r\n\r\n"
    host, port = server.url.removeprefix("http://").split(":")
    chunk = b" " * 2**20
    framed = chunk if is_declared else b"100000\r\n" + chunk + b"\r\n"
    sent = 0
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        try:
            while sent < GIGABYTE:
                connection.sendall(framed)
                sent += len(chunk)
        except OSError:
            pass
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")
    assert sent < 2**28
    assert server.rss_MiB() - before_MiB < 128
    assert metric(server, "matops_requests_total", "bad_input") == refused + 1


def test_grpc_answers_and_refuses_as_http_does(server: OwnServer) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        stub = GRPCInferenceServiceStub(channel)
        good = json.dumps(COPPER).encode()
        answer = stub.ModelInfer(grpc_request([good]))
        value = ask(server, COPPER).json()["predictions"][0]["estimates"]["K_VRH"]["value"]
        tensors = {tensor.name: tensor.contents.fp64_contents for tensor in answer.outputs}
        assert list(tensors["K_VRH"]) == pytest.approx([value], rel=1e-5)
        assert answer.parameters["unit_K_VRH"].string_param == "GPa"
        bad = (b"{", b'{"cif": "x"}', b"[" * 100_000, json.dumps(OVERLAPPING).encode(), b"\xff")
        for request in (*(grpc_request([each]) for each in bad), grpc_request([good] * 9)):
            with pytest.raises(grpc.RpcError) as caught:
                stub.ModelInfer(request)
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as caught:
            stub.ModelInfer(grpc_request([b" " * 9 * 2**20]))
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_tensors_in_binary_form_are_read(server: OwnServer) -> None:
    good = json.dumps(COPPER).encode()
    prefixed = len(good).to_bytes(4, "little") + good
    with grpc.insecure_channel(server.grpc) as channel:
        stub = GRPCInferenceServiceStub(channel)
        plain = stub.ModelInfer(grpc_request([good, good]))
        answer = stub.ModelInfer(binary_request(prefixed * 2, 2))
        assert [t.name for t in answer.outputs] == [t.name for t in plain.outputs]
        given = zip(plain.outputs, answer.raw_output_contents, strict=True)
        for tensor, raw in given:
            if tensor.datatype == "FP64":
                assert np.frombuffer(raw, "<f8").tolist() == list(tensor.contents.fp64_contents)
        bad = ((good, 1), (prefixed[:-1], 1), (b"\x00", 1), (prefixed, 2), (bytes(4096), 1024))
        for raw, shape in bad:
            with pytest.raises(grpc.RpcError) as caught:
                stub.ModelInfer(binary_request(raw, shape))
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def binary_request(raw: bytes, shape: int) -> Any:
    request = messages.ModelInferRequest(model_name=NAME, raw_input_contents=[raw])
    request.inputs.add(name="instances", datatype="BYTES", shape=[shape])
    return request


def test_no_client_can_unload_the_model(server: OwnServer) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        stub = GRPCInferenceServiceStub(channel)
        unload = messages.RepositoryModelUnloadRequest(model_name=NAME)
        load = messages.RepositoryModelLoadRequest(model_name=NAME)
        for call, request in (
            (stub.RepositoryModelUnload, unload),
            (stub.RepositoryModelLoad, load),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                call(request)
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert ask(server, COPPER).status_code == 200


def test_a_killed_process_costs_no_request(server: OwnServer) -> None:
    async def ask_and_kill() -> list[httpx.Response]:
        asking = asyncio.create_task(ask_many(server, [[COPPER]] * 60))
        await asyncio.sleep(0.05)
        server.computing().kill()
        return await asking

    answers = asyncio.run(ask_and_kill())
    assert {answer.status_code for answer in answers} == {200}


def test_nothing_refused_left_a_traceback(server: OwnServer) -> None:
    assert ask(server, OVERLAPPING).status_code == 400
    assert "Traceback" not in server.log.read_text()


def test_an_overloaded_server_says_when_to_come_again(released: Released, tmp_path: Path) -> None:
    options = ("--limit", "waiting_requests=2", "--limit", "pass_samples=1")
    with own_server(released.package, tmp_path, *options) as server:
        answers = asyncio.run(ask_many(server, [[COPPER]] * 60))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert {answer.status_code for answer in answers} == {200, 503}
        assert all(answer.headers["retry-after"] == "1" for answer in refused)
        assert metric(server, "matops_requests_total", "overloaded") == len(refused)
        assert ask(server, COPPER).status_code == 200


@pytest.mark.slow
def test_a_server_that_is_told_to_end_finishes_what_it_accepted(
    released: Released, tmp_path: Path
) -> None:
    # Long enough that a busy client has sent all it meant to: what never arrives is not accepted.
    with own_server(released.package, tmp_path, "--limit", "settle_seconds=6") as server:

        async def ask_and_end() -> list[httpx.Response]:
            asking = asyncio.create_task(ask_many(server, [[COPPER]] * 80))
            await asyncio.sleep(0.1)
            server.process.send_signal(signal.SIGTERM)
            return await asking

        began = time.monotonic()
        answers = asyncio.run(ask_and_end())
        assert {answer.status_code for answer in answers} == {200}
        assert server.process.wait(timeout=30) == 0
        assert time.monotonic() - began < 30
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)
        wait_until(lambda: not group_lives(server.process.pid))
        assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_while_it_ends_a_server_is_not_ready_but_answers(
    released: Released, tmp_path: Path
) -> None:
    with own_server(released.package, tmp_path, "--limit", "settle_seconds=5") as server:
        server.process.send_signal(signal.SIGTERM)
        ready = f"{server.url}/v2/health/ready"
        wait_until(lambda: httpx.get(ready).status_code == 503, 4)
        answer = ask(server, COPPER)
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
