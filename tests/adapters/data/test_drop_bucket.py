"""A bucket prefix as a drop place, on a real S3 server: ``minio`` on the PATH."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from minio import Minio

from matops.adapters.data.drop_bucket import DropBucket
from matops.adapters.storage.file_store import FileStore
from matops.artifacts.data.dataset import read_records
from matops.core.errors import BadInput
from matops.families import get_family
from matops.processes.retry import RetryPolicy
from matops.steps.data.deposits import Deposit
from tests.support.lammps_runs import run_gold

if TYPE_CHECKING:
    from tests.conftest import Matops

FAMILY, BUCKET = "elastic_cgcnn", "drop"
USER = {"key": "tester", "secret": "not-a-secret"}
START_S = 60.0


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("minio")
    if program is None:
        pytest.skip("minio is not on the PATH")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(
        [program, "server", str(tmp_path_factory.mktemp("minio")), "--address", address, "--quiet"],
        env={
            **os.environ,
            "MINIO_ROOT_USER": USER["key"],
            "MINIO_ROOT_PASSWORD": USER["secret"],
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        make_bucket(client(address))
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait()


def client(address: str) -> Minio:
    host = address.removeprefix("http://")
    return Minio(host, USER["key"], USER["secret"], secure=False)


def make_bucket(server: Minio) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            server.make_bucket(BUCKET)
            return
        except Exception:
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER["key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", USER["secret"])


def drop(url: str, endpoint: str | None) -> DropBucket:
    return DropBucket(FileStore(url, endpoint, retry=RetryPolicy(attempts=2, pause_s=0.01)))


def put(endpoint: str, key: str, content: bytes) -> None:
    client(endpoint).put_object(BUCKET, key, BytesIO(content), len(content))


@pytest.mark.s3
def test_deposits_are_found_under_the_prefix_and_fetched_whole(
    endpoint: str, tmp_path: Path
) -> None:
    put(endpoint, "look/a.json", b"[1]")
    put(endpoint, "look/run/manifest.csv", b"file\n")
    put(endpoint, "look/run/x.data.part", b"")
    put(endpoint, "elsewhere/b.json", b"[2]")
    place = drop(f"s3://{BUCKET}/look/", endpoint)
    (deposit,) = place.look()
    assert (deposit.name, place.address(deposit.name)) == ("a.json", f"s3://{BUCKET}/look/a.json")
    place.fetch(deposit, tmp_path / "first")
    assert (tmp_path / "first" / "a.json").read_bytes() == b"[1]"
    put(endpoint, "look/a.json", b"[3]")
    assert list(place.look()) != [deposit]
    with pytest.raises(BadInput, match="changed while"):
        place.fetch(deposit, tmp_path / "second")
    with pytest.raises(BadInput, match="exists"):
        place.fetch(deposit, tmp_path / "first")


@pytest.mark.s3
def test_hostile_keys_are_set_aside_and_the_sound_ones_are_read(
    endpoint: str, tmp_path: Path
) -> None:
    for key in ("bad/x\ny.json", "bad/\u202ex.json", "bad/" + "z" * 300, "bad/good.json"):
        put(endpoint, f"hostile/{key}", b"[1]")
    (deposit,) = drop(f"s3://{BUCKET}/hostile", endpoint).look()
    drop(f"s3://{BUCKET}/hostile", endpoint).fetch(deposit, tmp_path)
    assert [path.name for path in tmp_path.rglob("*.json")] == ["good.json"]
    assert sorted(reason.partition(":")[0] for reason in deposit.refused.values()) == [
        "its name has a control character",
        "its name has a control character",
        "its name is too long",
    ]


@pytest.mark.s3
def test_a_run_in_a_bucket_becomes_records_that_name_it(
    endpoint: str, matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    run_gold(tmp_path / "run")
    table = "file,log,licence\ngold.data,log.lammps,CC0-1.0\nlost.data,log.lammps,CC0-1.0\n"
    (tmp_path / "run/manifest.csv").write_text(table)
    for path in sorted((tmp_path / "run").iterdir()):
        put(endpoint, f"groups/one/{path.name}", path.read_bytes())
    monkeypatch.setenv("MATOPS_S3_ENDPOINT", endpoint)
    watch = ("ingest", FAMILY, "--watch", f"s3://{BUCKET}/groups", "--once", "--interval", "0.1")
    done = matops(tmp_path / "w", *watch, "--json")
    (batch,) = [json.loads(line) for line in done.out.splitlines()]
    assert (batch["added"], done.status) == (1, 2)
    (refused,) = batch["quarantined"]
    assert refused["origin"] == f"s3://{BUCKET}/groups/one/lost.data"
    family = get_family(FAMILY)
    (record,) = read_records(tmp_path / "w/data" / FAMILY, family.targets)
    assert record.provenance.origin == f"s3://{BUCKET}/groups/one/gold.data"
    again = matops(tmp_path / "w", *watch)
    assert (again.status, again.out) == (0, "")


@pytest.mark.s3
@pytest.mark.parametrize(
    ("url", "secret", "reason"),
    [
        ("s3://nosuch/x", USER["secret"], "bucket does not exist"),
        ("s3://drop", "wrong", "signature"),
    ],
)
def test_a_bucket_that_can_not_be_read_is_one_line(
    endpoint: str, url: str, secret: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    with pytest.raises(BadInput, match=url) as caught:
        list(drop(url, endpoint).look())
    assert reason in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_server_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BadInput, match="s3://drop") as caught:
        list(drop("s3://drop", "http://127.0.0.1:1").look())
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("key", ["/etc/hostname", "x/../../y"])
def test_a_key_that_leads_out_of_the_prefix_is_not_fetched(key: str, tmp_path: Path) -> None:
    place, deposit = drop("s3://drop", "http://127.0.0.1:1"), Deposit("x", {key: "1"})
    with pytest.raises(BadInput, match="leads out"):
        place.fetch(deposit, tmp_path)


@pytest.mark.parametrize(("url", "endpoint"), [("s3://", None), ("s3://drop", "127.0.0.1:9000")])
def test_what_names_no_place_is_refused(url: str, endpoint: str | None) -> None:
    with pytest.raises(BadInput):
        drop(url, endpoint)
