"""Atomic writes: old or new, never half, whoever dies and whoever else writes."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from matops.processes.atomic import atomic, remove_abandoned, write_atomic
from tests.support.killed_write import killed_write


def test_a_killed_writer_leaves_the_old_content_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    write_atomic(path, b"old")
    left = killed_write(path, b"half of the n")
    assert path.read_bytes() == b"old"
    assert left.read_bytes() == b"half of the n"
    write_atomic(tmp_path / "another", b"x")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["another", "kept.json"]
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_is_being_written_is_not_taken_for_abandoned(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with atomic(path) as first:
        first.write_bytes(b"first")
        remove_abandoned(tmp_path)
        with atomic(path) as second:
            second.write_bytes(b"second")
            assert first != second
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_many_writers_at_once_each_write_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kept"

    def write(letter: bytes) -> None:
        for _ in range(20):
            write_atomic(path, letter * 5000)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    content = path.read_bytes()
    assert len(content) == 5000
    assert len(set(content)) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_raises_or_leaves_nothing_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_atomic(path, b"old")
    with pytest.raises(IsADirectoryError), atomic(path) as unfinished:
        unfinished.write_bytes(b"new") and tmp_path.read_bytes()
    with atomic(path) as unfinished:
        unfinished.write_bytes(b"new")
        unfinished.unlink()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_appears_whole_and_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "package"
    for content in ("first", "second"):
        with atomic(path) as unfinished:
            (unfinished / "inside").mkdir(parents=True)
            (unfinished / "inside" / "file").write_text(content)
            assert path.exists() == (content == "second")
    assert (path / "inside" / "file").read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "kept", []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    write_atomic(path, b"content")
    assert synced == [(False, False), (True, True)]


def test_a_file_has_the_rights_that_the_process_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "kept", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o640
