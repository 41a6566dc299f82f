"""The key that servers read packages with, on a real MinIO: it reads them and does nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO

import pytest
from minio import Minio
from minio.error import S3Error

from devtools.object_store import BUCKET, Credentials, ObjectStore
from tests.support.kustomize import MANIFESTS
from tests.support.places import REPOSITORY
from tests.support.remotes import server_or_skip

COMPONENT = MANIFESTS / "components" / "object-store"
READER = Credentials("reads-packages", "a-secret-of-its-own")
PACKAGE = "models/elastic_cgcnn/8a727648abea"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with server_or_skip("minio", tmp_path_factory.mktemp("minio")) as server:
        for name in (f"{PACKAGE}/card.json", "data/files/md5/00/11", "modelsbeside/card.json"):
            server.client().put_object(BUCKET, name, BytesIO(b"content"), 7)
        yield server


def make_reader(store: ObjectStore, reader: Credentials) -> subprocess.CompletedProcess[str]:
    """Run the Job's program with the variables that it gets of its Secrets."""
    environment = {
        **store.credentials.environment(),
        "MATOPS_S3_ENDPOINT": store.endpoint,
        "READ_ACCESS_KEY_ID": reader.key,
        "READ_SECRET_ACCESS_KEY": reader.secret,
    }
    command = [sys.executable, str(COMPONENT / "reading_user.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def client(store: ObjectStore, of: Credentials) -> Minio:
    # With a region it does not ask for the bucket's, nor does KServe.
    address = f"127.0.0.1:{store.port}"
    return Minio(address, of.key, of.secret, secure=False, region="us-east-1")


def refusal(ask: Callable[[], object]) -> str:
    with pytest.raises(S3Error) as refused:
        ask()
    return str(refused.value.code)


@pytest.mark.s3
def test_the_reading_key_reads_packages_and_does_nothing_else(store: ObjectStore) -> None:
    for _ in range(2):  # as with each make deploy
        done = make_reader(store, READER)
        assert done.returncode == 0, done.stderr
    reader = client(store, READER)
    # As KServe's storage initializer does: a list of what lies there, then each object.
    [found] = reader.list_objects(BUCKET, PACKAGE, recursive=True)
    assert found.object_name == f"{PACKAGE}/card.json"
    with reader.get_object(BUCKET, found.object_name) as answer:
        assert answer.read() == b"content"
    assert reader.stat_object(BUCKET, found.object_name).size == 7

    denied: dict[str, Callable[[], object]] = {
        "replace a file": lambda: reader.put_object(BUCKET, found.object_name, BytesIO(b"x"), 1),
        "add a file": lambda: reader.put_object(BUCKET, f"{PACKAGE}/more", BytesIO(b"x"), 1),
        "write elsewhere": lambda: reader.put_object(BUCKET, "data/more", BytesIO(b"x"), 1),
        "delete": lambda: reader.remove_object(BUCKET, found.object_name),
        "read data": lambda: reader.get_object(BUCKET, "data/files/md5/00/11"),
        "read beside": lambda: reader.get_object(BUCKET, "modelsbeside/card.json"),
        "list the bucket": lambda: list(reader.list_objects(BUCKET, recursive=True)),
        "list data": lambda: list(reader.list_objects(BUCKET, "data/", recursive=True)),
        "list buckets": reader.list_buckets,
        "make a bucket": lambda: reader.make_bucket("another"),
        "see the policy": lambda: reader.get_bucket_policy(BUCKET),
    }
    assert {what: refusal(ask) for what, ask in denied.items()} == dict.fromkeys(
        denied, "AccessDenied"
    )
    with store.client().get_object(BUCKET, found.object_name) as answer:
        assert answer.read() == b"content"


@pytest.mark.s3
def test_a_new_reading_key_takes_the_place_of_the_former(store: ObjectStore) -> None:
    renewed = Credentials(READER.key, "another-secret")
    later = Credentials("reads-packages-2", "a-third-secret")
    for reader, former, code in (
        (READER, None, ""),
        (renewed, READER, "SignatureDoesNotMatch"),
        (later, renewed, "InvalidAccessKeyId"),
    ):
        done = make_reader(store, reader)
        assert done.returncode == 0, done.stderr
        assert client(store, reader).stat_object(BUCKET, f"{PACKAGE}/card.json")
        if former:
            get = partial(client(store, former).get_object, BUCKET, f"{PACKAGE}/card.json")
            assert refusal(get) == code


@pytest.mark.s3
def test_the_key_that_may_do_everything_is_no_reading_key(store: ObjectStore) -> None:
    done = make_reader(store, Credentials(store.credentials.key, "whatever-it-is"))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "matops-s3-read has the key of matops-s3, which may do everything"
    )


def test_the_page_shows_the_policy_that_minio_gets() -> None:
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(shown) == json.loads((COMPONENT / "read-packages.json").read_text())
