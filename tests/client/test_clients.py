"""Asking a server: the same answer as from the package, or one line that says why not."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.ase import AseAtomsAdaptor

from matops.artifacts.model.package import load_predictor, read_golden
from matops.client import AsyncClient, Client, NoAnswer, Patience, Refused
from matops.core.errors import BadInput
from tests.support.local_server import LocalHandler, local_server

if TYPE_CHECKING:
    from tests.conftest import Released

FAMILY = "elastic_cgcnn"
FCC = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
HASTY = Patience(attempts=2, pause_s=0.01)


@contextmanager
def server_that_says(status: int, content: bytes) -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(LocalHandler):
        def do_GET(self) -> None:
            self.say(status, content)

        def do_POST(self) -> None:
            self.body()
            self.do_GET()

    with local_server(Handler) as url:
        yield url


@pytest.fixture
def dead_url() -> str:
    with server_that_says(200, b"") as url:
        return url


def refusal(url: str) -> str:
    with pytest.raises(BadInput) as caught, Client(url, FAMILY, HASTY) as client:
        client.predict([{"cif": ""}])
    assert "\n" not in str(caught.value)
    assert url in str(caught.value)
    return str(caught.value)


def test_a_server_and_its_package_give_the_same_predictions(
    served: str, released: Released
) -> None:
    requests = read_golden(released.package).requests
    here = load_predictor(released.package).predict(requests)
    with Client(served + "/") as client:
        there = client.predict(requests)
    assert len(there) == len(here)
    for local, remote in zip(here, there, strict=True):
        assert remote.model_version == local.model_version
        assert remote.derived.keys() == local.derived.keys()
        for name, estimate in local.estimates.items():
            assert remote.estimates[name].value == pytest.approx(estimate.value, rel=1e-5)
        for name, quantity in local.derived.items():
            ends = (quantity.lower, quantity.value, quantity.upper)
            there_too = remote.derived[name]
            assert (there_too.lower, there_too.value, there_too.upper) == pytest.approx(ends)


def test_a_refused_request_carries_the_servers_reason(served: str) -> None:
    reason = refusal(served)
    assert "400" in reason
    assert "CIF" in reason


def test_a_server_that_is_down_is_named(dead_url: str) -> None:
    assert "no answer" in refusal(dead_url)
    with pytest.raises(NoAnswer, match="no answer"), Client(dead_url, patience=HASTY) as client:
        client.model()


def test_a_server_without_a_model_is_named() -> None:
    with (
        server_that_says(200, b'{"models": []}') as url,
        pytest.raises(NoAnswer, match="no model"),
        Client(url) as client,
    ):
        client.model()


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (502, b"<html>bad gateway</html>"),
        (500, b'["not", "an object"]'),
        (200, b"<html>a captive portal</html>"),
        (200, b'["not", "an object"]'),
        (200, b'{"outputs": []}'),
        (200, b'{"predictions": []}'),
        (200, json.dumps({"predictions": [{"energy": 1.0}]}).encode()),
    ],
)
def test_what_is_no_model_servers_answer_is_one_line(status: int, content: bytes) -> None:
    with server_that_says(status, content) as url:
        refusal(url)


@contextmanager
def server_that_recovers(
    refusals: int, headers: dict[str, str]
) -> Iterator[tuple[str, list[float]]]:
    """A server that is overloaded for a few requests; yields its URL and when it was asked."""
    asked: list[float] = []

    class Handler(LocalHandler):
        def do_GET(self) -> None:
            asked.append(time.monotonic())
            if len(asked) <= refusals:
                self.say(503, b'{"error": "busy"}', headers)
            else:
                self.say(200, b'{"models": ["rods"]}')

    with local_server(Handler) as url:
        yield url, asked


def test_an_overloaded_server_is_asked_again_after_its_own_time() -> None:
    with (
        server_that_recovers(2, {"retry-after": "1"}) as (url, asked),
        Client(url, patience=Patience(pause_s=0.01)) as client,
    ):
        assert client.model() == "rods"
    assert len(asked) == 3
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(asked))


def test_a_server_that_stays_overloaded_is_given_up() -> None:
    with (
        server_that_recovers(9, {}) as (url, asked),
        pytest.raises(NoAnswer, match="503: busy"),
        Client(url, patience=Patience(attempts=3, pause_s=0.01)) as client,
    ):
        client.model()
    assert len(asked) == 3


@pytest.mark.parametrize("number", [float("nan"), b"8", {8}])
def test_a_sample_that_is_no_json_is_one_line_and_not_sent(dead_url: str, number: Any) -> None:
    with Client(dead_url, FAMILY) as client, pytest.raises(BadInput, match="no JSON") as caught:
        client.predict([{"crystal": number}])
    assert not isinstance(caught.value, NoAnswer)


def test_a_refusal_is_not_repeated(served: str) -> None:
    with Client(served) as client, pytest.raises(Refused) as caught:
        client.predict([{"cif": "copper"}])
    assert caught.value.status == 400


def test_a_sample_in_all_its_forms_is_one_sample(served: str, tmp_path: Path) -> None:
    copper = Structure(Lattice.cubic(3.6), ["Cu"] * 4, FCC)
    copper.to(str(tmp_path / "copper.cif"))
    copper.to(str(tmp_path / "POSCAR"), fmt="poscar")
    (tmp_path / "copper.json").write_text(json.dumps(copper.as_dict()))
    two = [copper.as_dict(), {"cif": (tmp_path / "copper.cif").read_text()}]
    (tmp_path / "two.json").write_text(json.dumps(two))
    AseAtomsAdaptor.get_atoms(copper).write(tmp_path / "copper.xyz", format="extxyz")
    samples = [
        copper,
        {"structure": copper.as_dict()},
        *(tmp_path / name for name in ("copper.cif", "POSCAR", "copper.json")),
        str(tmp_path / "copper.cif"),
        AseAtomsAdaptor.get_atoms(copper),
        {"cif": (tmp_path / "copper.cif").read_text()},
        {"poscar": (tmp_path / "POSCAR").read_text()},
        tmp_path / "copper.xyz",
        tmp_path / "two.json",
    ]
    with Client(served) as client:
        values = [p.estimates["K_VRH"].value for p in client.predict(samples)]
        assert client.metadata()["limits"]["samples"] >= len(samples)
    assert len(values) == len(samples) + 1, "two.json holds two"
    assert values == pytest.approx([values[0]] * len(values), rel=1e-4)


def test_many_requests_at_once_get_their_own_answers(served: str, released: Released) -> None:
    golden = read_golden(released.package)

    async def ask() -> list[float]:
        async with AsyncClient(served) as client:
            await client.model()
            found = await asyncio.gather(*(client.predict([r]) for r in golden.requests * 4))
        return [prediction.estimates["K_VRH"].value for [prediction] in found]

    stored = [answer.estimates["K_VRH"].value for answer in golden.answers] * 4
    assert asyncio.run(ask()) == pytest.approx(stored, rel=1e-5)


def test_importing_the_client_loads_no_model_code() -> None:
    heavy = "{'torch', 'kserve', 'pymatgen', 'numpy', 'pandas'}"
    code = f"import sys, matops.client; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
