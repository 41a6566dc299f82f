"""The place of checkpoints, on a directory and on every S3 server that is installed."""

from __future__ import annotations

import pickle
from pathlib import Path
from uuid import uuid4

import pytest

from devtools.object_store import BUCKET, ObjectStore
from matops.adapters.storage.file_store import FileStore
from matops.core.errors import BadInput


@pytest.fixture
def place(server: ObjectStore | None, tmp_path: Path) -> FileStore:
    if server is None:
        return FileStore(str(tmp_path / "kept"))
    return FileStore(f"s3://{BUCKET}/{uuid4().hex}/", server.endpoint, 5.0)


def test_what_is_written_is_read_and_what_is_removed_is_gone(place: FileStore) -> None:
    assert place.names("a") == []
    big = bytes(range(256)) * 40_000
    place.write("a/1", b"one")
    place.write("a/2", big)
    place.write("b/1", b"")
    assert sorted(place.names("a")) == ["1", "2"]
    assert (place.read("a/1"), place.read("a/2"), place.read("b/1")) == (b"one", big, b"")
    place.write("a/1", b"again")
    # Another process sees the same, as does this one in whatever its client remembers.
    for seen in (place, pickle.loads(pickle.dumps(place))):
        assert seen.read("a/1") == b"again"
    place.remove("a/1")
    place.remove("a/2")
    assert (place.names("a"), place.names("b")) == ([], ["1"])


def test_what_is_not_there_is_one_line(place: FileStore) -> None:
    with pytest.raises(BadInput, match="nothing/file: ") as refused:
        place.read("nothing/file")
    assert "\n" not in str(refused.value)
    place.remove("nothing/file")


def test_a_bucket_that_is_not_there_is_one_line(server: ObjectStore | None) -> None:
    if server is None:
        pytest.skip("a directory has no buckets")
    place = FileStore("s3://no-such-bucket/x", server.endpoint, 5.0)
    with pytest.raises(BadInput, match="s3://no-such-bucket/x/a/1: "):
        place.write("a/1", b"one")


def test_a_file_that_is_being_written_is_not_listed(tmp_path: Path) -> None:
    place = FileStore(str(tmp_path))
    place.write("a/1", b"one")
    (tmp_path / "a" / "2.unfinished").write_bytes(b"tw")
    assert place.names("a") == ["1"]
    place.remove("a/1")
    assert not (tmp_path / "a").exists()
