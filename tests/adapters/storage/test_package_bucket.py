"""Packages in a bucket: whole or not there at all, never overwritten, and checked when fetched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

import matops
from devtools.object_store import BUCKET, ObjectStore
from matops.adapters.storage.file_store import FileStore
from matops.adapters.storage.package_bucket import PackageBucket
from matops.adapters.storage.package_directory import PackageDirectory
from matops.artifacts.model.package import CARD, GOLDEN, WEIGHTS, load_checked
from matops.artifacts.model.signature import SIGNATURE, Trust, sign
from matops.core.errors import BadInput
from matops.entrypoints.settings import read_settings
from matops.families import get_family
from matops.processes.retry import RetryPolicy
from tests.support.fault_proxy import FAULTS, running_proxy
from tests.support.remotes import SERVERS, server_or_skip
from tests.support.signing_keys import make_keys

if TYPE_CHECKING:
    from tests.conftest import Released

pytestmark = pytest.mark.s3

ELASTIC = get_family("elastic_cgcnn")
FILES = {CARD, GOLDEN, WEIGHTS}
REQUESTS = 6
READ = 5
"""Of one copy of a package: a look at each object, and an upload of each."""
HASTY = RetryPolicy(attempts=3, pause_s=0.001)
COPY = """
import sys
from pathlib import Path
from matops.adapters.storage.package_bucket import PackageBucket
from matops.adapters.storage.file_store import FileStore

PackageBucket(FileStore(sys.argv[1], sys.argv[2])).put(Path(sys.argv[3]), sys.argv[4])
"""


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ObjectStore]:
    with server_or_skip(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@dataclass(frozen=True)
class Bucket:
    """A prefix of its own, and what lies there as another client sees it."""

    server: ObjectStore
    prefix: str
    name: str
    trust: Trust | None = None

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/{self.prefix}"

    def packages(self, endpoint: str = "") -> PackageBucket:
        store = FileStore(self.url, endpoint or self.server.endpoint, retry=HASTY)
        return PackageBucket(store, self.trust)

    def directory(self, root: Path) -> PackageDirectory:
        return PackageDirectory(root, self.packages())

    def put(self, package: Path, endpoint: str = "") -> None:
        self.packages(endpoint).put(package, self.name)

    def objects(self) -> dict[str, tuple[str, object]]:
        """ETag and time of each file of the package."""
        listed = self.server.client().list_objects(BUCKET, f"{self.prefix}/{self.name}/")
        return {
            str(o.object_name).rsplit("/", 1)[1]: (str(o.etag), o.last_modified) for o in listed
        }

    def overwrite(self, file: str, content: bytes) -> None:
        from io import BytesIO

        key = f"{self.prefix}/{self.name}/{file}"
        self.server.client().put_object(BUCKET, key, BytesIO(content), len(content))

    def remove(self, file: str) -> None:
        self.server.client().remove_object(BUCKET, f"{self.prefix}/{self.name}/{file}")


@pytest.fixture
def bucket(server: ObjectStore, released: Released) -> Bucket:
    return Bucket(server, uuid4().hex, f"{ELASTIC.name}/{released.package.name}")


def test_a_published_package_is_read_whole_elsewhere(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    bucket.directory(tmp_path / "here").publish(ELASTIC, released.package)
    assert bucket.objects().keys() == FILES
    kept = bucket.directory(tmp_path / "there").kept(ELASTIC, released.package.name)
    assert load_checked(kept).model_version == kept.name == released.package.name
    assert {path.name for path in kept.iterdir()} == FILES
    assert [path.name for path in (tmp_path / "there").iterdir()] == [ELASTIC.name]


def test_a_package_takes_its_signature_with_it(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    signer, trust = make_keys(tmp_path, "ours")
    package = Path(shutil.copytree(released.package, tmp_path / "package"))
    bucket.put(package)
    sign(package, signer)
    bucket.put(package)
    assert bucket.objects().keys() == FILES | {SIGNATURE}
    store = PackageDirectory(tmp_path / "there", replace(bucket, trust=trust).packages())
    kept = store.kept(ELASTIC, released.package.name)
    assert (kept / SIGNATURE).read_bytes() == (package / SIGNATURE).read_bytes()


def test_what_another_signed_is_not_fetched(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    (signer, _), (_, trust) = make_keys(tmp_path, "theirs"), make_keys(tmp_path, "ours")
    package = Path(shutil.copytree(released.package, tmp_path / "package"))
    sign(package, signer)
    bucket.put(package)
    store = PackageDirectory(tmp_path / "there", replace(bucket, trust=trust).packages())
    with pytest.raises(BadInput, match=f"{bucket.url}/{bucket.name}: not signed by whom we trust"):
        store.kept(ELASTIC, released.package.name)
    assert not (tmp_path / "there" / bucket.name).exists()


def test_a_second_time_copies_nothing(bucket: Bucket, released: Released) -> None:
    bucket.put(released.package)
    before = bucket.objects()
    time.sleep(1.1)  # S3 tells times in seconds
    bucket.put(released.package)
    assert bucket.objects() == before


def test_the_bucket_comes_before_the_champion(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    bucket.server.kill()
    store = bucket.directory(tmp_path)
    try:
        with pytest.raises(BadInput, match=bucket.url):
            store.publish(ELASTIC, released.package)
    finally:
        bucket.server.start()
    assert not (tmp_path / ELASTIC.name).exists()
    store.publish(ELASTIC, released.package)
    assert bucket.objects().keys() == FILES


@pytest.mark.parametrize("file", [CARD, GOLDEN, WEIGHTS])
def test_another_content_under_a_version_is_refused_and_left_alone(
    bucket: Bucket, released: Released, file: str
) -> None:
    bucket.put(released.package)
    bucket.overwrite(file, b"{}")
    before = bucket.objects()
    with pytest.raises(BadInput, match=f"{bucket.name}/{file}: differs from") as caught:
        bucket.put(released.package)
    assert len(str(caught.value).splitlines()) == 1
    assert bucket.objects() == before


def test_what_was_copied_by_hand_is_taken_for_what_it_is(
    bucket: Bucket, released: Released
) -> None:
    for file in sorted(FILES):
        bucket.overwrite(file, (released.package / file).read_bytes())
    before = bucket.objects()
    bucket.put(released.package)
    assert bucket.objects() == before


def test_a_file_that_was_lost_is_copied_again(bucket: Bucket, released: Released) -> None:
    bucket.put(released.package)
    bucket.remove(WEIGHTS)
    bucket.put(released.package)
    assert bucket.objects().keys() == FILES


def test_a_damaged_package_is_not_copied(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    shutil.copytree(released.package, tmp_path / "p")
    with (tmp_path / "p" / WEIGHTS).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BadInput, match="SHA-256"):
        bucket.put(tmp_path / "p")
    assert bucket.objects() == {}


@pytest.mark.parametrize("file", [GOLDEN, WEIGHTS])
def test_a_damaged_copy_is_not_fetched(
    bucket: Bucket, released: Released, tmp_path: Path, file: str
) -> None:
    bucket.put(released.package)
    bucket.overwrite(file, b"not what it was")
    with pytest.raises(BadInput, match=f"{bucket.url}/{bucket.name}/{file}: its SHA-256"):
        bucket.directory(tmp_path).kept(ELASTIC, released.package.name)
    assert list(tmp_path.rglob("*")) == [tmp_path / ELASTIC.name]


def test_a_package_under_another_ones_name_is_not_fetched(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    bucket.packages().put(released.package, f"{ELASTIC.name}/51b0c0de51b0")
    with pytest.raises(BadInput, match=f"holds the package {released.package.name}"):
        bucket.directory(tmp_path).kept(ELASTIC, "51b0c0de51b0")


def test_without_its_card_a_package_is_not_there(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    bucket.put(released.package)
    bucket.remove(CARD)
    store = bucket.directory(tmp_path)
    assert store.find(ELASTIC, released.package.name) is None
    with pytest.raises(BadInput, match="no such package"):
        store.kept(ELASTIC, released.package.name)


def test_a_champion_that_only_the_bucket_has_is_fetched(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    store = bucket.directory(tmp_path)
    kept = store.publish(ELASTIC, released.package)
    shutil.rmtree(kept)
    assert store.champion(ELASTIC) == kept
    assert load_checked(kept).model_version == kept.name


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_at_any_request_is_ridden_out(
    bucket: Bucket, released: Released, fault: str, tmp_path: Path
) -> None:
    with running_proxy(bucket.server.port) as proxy:
        for number in range(REQUESTS):
            one = Bucket(bucket.server, uuid4().hex, bucket.name)
            proxy.plan.set(fault, number, 1)
            one.put(released.package, proxy.endpoint)
            proxy.plan.clear()
            assert one.objects().keys() == FILES, (fault, number)
            proxy.plan.set(fault, number % READ, 1)
            store = PackageDirectory(tmp_path / str(number), one.packages(proxy.endpoint))
            kept = store.kept(ELASTIC, released.package.name)
            assert {path.name for path in kept.iterdir()} == FILES


@pytest.mark.parametrize("number", range(REQUESTS))
def test_a_server_that_dies_leaves_no_half_package(
    bucket: Bucket, released: Released, number: int, tmp_path: Path
) -> None:
    with running_proxy(bucket.server.port) as proxy:
        proxy.plan.set("refused", number, 10_000)
        with pytest.raises(BadInput, match=bucket.url) as caught:
            bucket.put(released.package, proxy.endpoint)
    assert len(str(caught.value).splitlines()) == 1
    assert CARD not in bucket.objects()
    assert bucket.directory(tmp_path).find(ELASTIC, released.package.name) is None
    bucket.put(released.package)
    assert bucket.objects().keys() == FILES


def test_a_copy_that_is_killed_leaves_no_half_package(
    bucket: Bucket, released: Released, tmp_path: Path
) -> None:
    seen: set[frozenset[str]] = set()
    with running_proxy(bucket.server.port) as proxy:
        for number in range(2, REQUESTS):
            one = Bucket(bucket.server, uuid4().hex, bucket.name)
            proxy.plan.set("refused", number, 10_000)  # it waits there, and is killed
            arguments = [one.url, proxy.endpoint, str(released.package), one.name]
            copy = subprocess.Popen([sys.executable, "-c", COPY, *arguments], env=os.environ)
            while not proxy.plan.injected:
                assert copy.poll() is None
                time.sleep(0.01)
            copy.send_signal(signal.SIGKILL)
            assert copy.wait() == -signal.SIGKILL
            seen.add(frozenset(one.objects()))
            assert one.directory(tmp_path).find(ELASTIC, released.package.name) is None
            one.put(released.package)
            assert one.objects().keys() == FILES
    assert frozenset() in seen
    assert frozenset({GOLDEN, WEIGHTS}) in seen


@pytest.mark.parametrize(
    ("url", "secret", "reason"),
    [("s3://nosuch/models", "", "bucket does not exist"), ("", "wrong", "signature")],
)
def test_a_bucket_that_can_not_be_used_is_one_line(
    bucket: Bucket,
    released: Released,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    secret: str,
    reason: str,
) -> None:
    if secret:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    packages = PackageBucket(FileStore(url or bucket.url, bucket.server.endpoint))
    for attempt in (packages.put, packages.fetch):
        arguments = (released.package, bucket.name)
        with pytest.raises(BadInput, match=f"^{url or bucket.url}") as caught:
            attempt(*(arguments if attempt == packages.put else arguments[::-1]))
        assert reason in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


def test_the_metadata_is_the_hash_on_the_card(bucket: Bucket, released: Released) -> None:
    bucket.put(released.package)
    card = json.loads((released.package / CARD).read_text())
    for file, expected in card["files"].items():
        assert bucket.packages().store.sha256(f"{bucket.name}/{file}") == expected


def test_a_package_is_loaded_by_its_address_and_answers_as_it_does_here(
    bucket: Bucket, released: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOPS_S3_ENDPOINT", bucket.server.endpoint)
    read_settings.cache_clear()
    bucket.packages().put(released.package, bucket.name)
    example = ELASTIC.write_example(tmp_path)
    there = matops.load(f"{bucket.url}/{bucket.name}").predict(example)
    assert there == matops.load(released.package).predict(example)
    with pytest.raises(BadInput, match=r"nowhere/card\.json: no such package"):
        matops.load(f"{bucket.url}/elastic_cgcnn/nowhere")
    read_settings.cache_clear()
