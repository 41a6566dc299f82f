"""The server over real HTTP: it answers as the package did, refuses in words and lives on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from matops.artifacts.model.package import Golden, read_card, read_golden
from tests.support.cells import COPPER, OCCUPIED, cubic_cell
from tests.support.servers import NAME, free_port

if TYPE_CHECKING:
    from tests.conftest import Released

PARTS = {"value": "", "lower": "_lower", "upper": "_upper"}
CIF = cubic_cell(3.6) + OCCUPIED


def copper(**changed: Any) -> dict[str, Any]:
    return {"crystal": COPPER["crystal"] | changed}


BAD_PAYLOADS: dict[str, tuple[Any, str]] = {
    "NaN coordinate": (copper(frac_coords=[[float("nan"), 0.0, 0.0]]), "JSON"),
    "infinite lattice": (copper(lattice_A=[[float("inf"), 0, 0], [0, 3, 0], [0, 0, 3]]), "JSON"),
    "unknown element": (copper(species=["Xx"]), "Xx"),
    "element that is a number": (copper(species=[29]), "29"),
    "partial occupancy": ({"cif": f"{CIF}Cu1 Cu 0 0 0 0.5\nAu1 Au 0 0 0 0.5\n"}, "occupancy"),
    "overlapping atoms": ({"cif": f"{CIF}Cu1 Cu 0 0 0 1\nAu1 Au 0 0 0.03 1\n"}, "overlap"),
    "flat cell": (copper(lattice_A=[[3, 0, 0], [3, 0, 0], [0, 0, 3]]), "Å³"),
    "no atoms": (copper(species=[], frac_coords=[]), "no atoms"),
    "not a CIF": ({"cif": "copper"}, "CIF"),
    "CIF that is a number": ({"cif": 1}, "text"),
    "no known key": ({"molecule": "CCO"}, "exactly one"),
    "two forms at once": (COPPER | {"cif": CIF}, "exactly one"),
    "a string for a sample": ("Cu", "exactly one"),
    "null for a sample": (None, "exactly one"),
}
BAD_BODIES: dict[str, bytes] = {
    "malformed JSON": b'{"instances": [',
    "no body": b"",
    "a list": b"[1, 2]",
    "a string": b'"instances"',
    "no instances": b"{}",
    "empty instances": b'{"instances": []}',
    "instances that are no list": b'{"instances": {"cif": "x"}}',
    "deeply nested JSON": b'{"instances": ' + 100_000 * b"[" + 100_000 * b"]" + b"}",
    "not UTF-8": b'{"instances": ["\xff\xfe"]}',
}


@pytest.fixture
def golden(released: Released) -> Golden:
    return read_golden(released.package)


def v1(url: str, body: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    return httpx.post(f"{url}/v1/models/{NAME}:predict", content=content, headers=headers)


def v2_body(payloads: list[Any], **changed: Any) -> dict[str, Any]:
    data = [json.dumps(payload) for payload in payloads]
    tensor = {"name": "instances", "shape": [len(data)], "datatype": "BYTES", "data": data}
    return {"inputs": [tensor | changed]}


def v2(url: str, body: Any) -> httpx.Response:
    return httpx.post(f"{url}/v2/models/{NAME}/infer", json=body)


def assert_refused(response: httpx.Response, word: str = "") -> None:
    """4xx with a one-line reason that is no traceback."""
    assert 400 <= response.status_code < 500, (response.status_code, response.text[:300])
    reason = str(response.json().get("error", response.json().get("detail")))
    assert reason
    assert "\n" not in reason
    assert "Traceback" not in reason
    assert word in reason


def assert_still_answers(url: str) -> None:
    assert v1(url, {"instances": [COPPER]}).status_code == 200


def counters(url: str) -> dict[str, float]:
    """Counters that begin with ``matops_``, without their labels."""
    found: dict[str, float] = {}
    for line in httpx.get(f"{url}/metrics").text.splitlines():
        if line.startswith("matops_"):
            name, value = line.rsplit(" ", 1)
            short = name.split("{")[0]
            outcome = name.split('outcome="')[1].split('"')[0] if "outcome=" in name else ""
            key = f"{short} {outcome}".strip()
            found[key] = found.get(key, 0.0) + float(value)
    return found


def test_v1_reproduces_the_golden_requests(served: str, golden: Golden) -> None:
    answers = v1(served, {"instances": list(golden.requests)}).json()["predictions"]
    assert len(golden.answers) == 8
    for stored, answer in zip(golden.answers, answers, strict=True):
        for name, estimate in stored.estimates.items():
            for part in PARTS:
                told = answer["estimates"][name][part]
                assert told == pytest.approx(getattr(estimate, part), rel=1e-5)
            assert answer["estimates"][name]["unit"] == "GPa"
        for name, quantity in stored.derived.items():
            for part in PARTS:
                told = answer["derived"][name][part]
                assert told == pytest.approx(getattr(quantity, part), rel=1e-5)
        assert answer["model_version"] == stored.model_version


def test_v2_reproduces_the_golden_requests(served: str, golden: Golden) -> None:
    answer = v2(served, v2_body(list(golden.requests))).json()
    tensors = {tensor["name"]: tensor for tensor in answer["outputs"]}
    for name in ("K_VRH", "G_VRH"):
        for part, suffix in PARTS.items():
            stored = [getattr(a.estimates[name], part) for a in golden.answers]
            told = tensors[name + suffix]
            assert told["shape"] == [len(stored)]
            np.testing.assert_allclose(told["data"], stored, rtol=1e-5)
    for name in ("young_modulus", "poisson_ratio", "pugh_ratio"):
        for part, suffix in PARTS.items():
            parts = [getattr(a.derived[name], part) for a in golden.answers]
            stored = [np.nan if number is None else number for number in parts]
            np.testing.assert_allclose(tensors[name + suffix]["data"], stored, rtol=1e-5)
    assert answer["parameters"]["unit_K_VRH"] == "GPa"
    assert answer["parameters"]["unit_poisson_ratio"] == "1"
    assert tensors["out_of_domain"]["data"] == [a.out_of_domain for a in golden.answers]


def test_v2_gives_back_the_id_of_a_request(served: str) -> None:
    assert v2(served, v2_body([COPPER]) | {"id": "seven"}).json()["id"] == "seven"


def test_a_sample_gets_the_same_answer_alone_and_in_company(served: str, golden: Golden) -> None:
    together = v1(served, {"instances": list(golden.requests)}).json()["predictions"]
    alone = [
        v1(served, {"instances": [request]}).json()["predictions"][0] for request in golden.requests
    ]
    for one, other in zip(together, alone, strict=True):
        for name, estimate in one["estimates"].items():
            assert other["estimates"][name]["value"] == pytest.approx(estimate["value"], rel=1e-5)


def test_an_element_that_training_never_saw_is_flagged_not_refused(served: str) -> None:
    answer = v1(served, {"instances": [copper(species=["Gd"]), COPPER]}).json()["predictions"]
    assert answer[0]["out_of_domain"] is True
    assert answer[0]["unseen"] == ["Gd"]
    assert answer[1]["unseen"] == []


def test_metadata_names_the_tensors_that_the_server_takes_and_gives(
    served: str, golden: Golden
) -> None:
    metadata = httpx.get(f"{served}/v2/models/{NAME}").json()
    assert [(t["name"], t["datatype"]) for t in metadata["inputs"]] == [("instances", "BYTES")]
    promised = {(t["name"], t["datatype"]) for t in metadata["outputs"]}
    given = v2(served, v2_body(list(golden.requests[:1]))).json()["outputs"]
    assert promised == {(t["name"], t["datatype"]) for t in given}


def test_the_server_says_that_it_is_live_and_ready(served: str) -> None:
    assert httpx.get(f"{served}/v2/health/live").json() == {"live": True}
    assert httpx.get(f"{served}/v2/health/ready").json() == {"ready": True}
    assert httpx.get(f"{served}/v2/models/{NAME}/ready").status_code == 200
    assert httpx.get(f"{served}/v1/models").json() == {"models": [NAME]}


def test_counters_move_by_what_was_asked(served: str) -> None:
    before = counters(served)
    v1(served, {"instances": [COPPER, copper(species=["Gd"]), copper(species=["Tb"])]})
    v1(served, {"instances": [copper(species=["Xx"])]})
    v2(served, v2_body([COPPER]))
    after = counters(served)
    moved = {name: value - before.get(name, 0.0) for name, value in after.items()}
    assert moved["matops_requests_total ok"] == 2
    assert moved["matops_requests_total bad_input"] == 1
    assert moved["matops_out_of_domain_total"] >= 2
    assert moved["matops_request_seconds_count"] == 2
    assert after["matops_model_info"] == 1


def test_metrics_name_the_served_version(served: str, released: Released) -> None:
    card = read_card(released.package)
    info = [
        line
        for line in httpx.get(f"{served}/metrics").text.splitlines()
        if line.startswith("matops_model_info{")
    ]
    assert len(info) == 1
    assert card.version in info[0]
    assert card.data.version in info[0]


@pytest.mark.parametrize("name", BAD_PAYLOADS)
def test_a_bad_sample_is_refused_over_v1(served: str, name: str) -> None:
    payload, word = BAD_PAYLOADS[name]
    assert_refused(v1(served, {"instances": [COPPER, payload]}), word)
    assert_still_answers(served)


@pytest.mark.parametrize("name", BAD_PAYLOADS)
def test_a_bad_sample_is_refused_over_v2(served: str, name: str) -> None:
    payload, word = BAD_PAYLOADS[name]
    assert_refused(v2(served, v2_body([COPPER, payload])), word)
    assert_still_answers(served)


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_refused_over_v1(served: str, name: str) -> None:
    assert_refused(v1(served, BAD_BODIES[name]))
    assert_still_answers(served)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"name": "crystals"}, "instances"),
        ({"datatype": "FP64", "data": [1.0]}, "BYTES"),
        ({"data": ["{"]}, "JSON"),
        ({"data": [100_000 * "["]}, "JSON"),
        ({"data": [], "shape": [0]}, "at least one"),
        ({"datatype": "COMPLEX"}, ""),
        ({"shape": [2]}, "not [1]"),
        ({"shape": []}, "not [1]"),
    ],
)
def test_a_wrong_tensor_is_refused(served: str, changed: dict[str, Any], word: str) -> None:
    assert_refused(v2(served, v2_body([COPPER], **changed)), word)
    assert_still_answers(served)


def test_a_v2_request_without_inputs_is_refused(served: str) -> None:
    assert_refused(v2(served, {}))
    assert_refused(v2(served, {"inputs": []}))
    assert_still_answers(served)


def test_another_model_is_not_found(served: str) -> None:
    response = httpx.post(f"{served}/v1/models/other:predict", json={"instances": [COPPER]})
    assert response.status_code == 404


@pytest.mark.slow
def test_a_damaged_package_is_never_served(workspace: Path, released: Released) -> None:
    package = workspace / "models" / NAME / released.package.name
    weights = bytearray((package / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (package / "weights.safetensors").write_bytes(bytes(weights))
    command = [sys.executable, "-m", "matops", "serve", str(package), "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "weights.safetensors" in done.stderr
