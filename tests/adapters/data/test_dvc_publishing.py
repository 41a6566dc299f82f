"""Publishing: pushed first, published last, and nothing lost or counted twice on the way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from dvc.repo import Repo

from matops.adapters.data import dvc_store
from matops.adapters.data.dvc_objects import Objects
from matops.adapters.data.dvc_pointer import POINTER, Pointer, read_pointer, replace_pointer
from matops.adapters.data.dvc_store import DvcStore
from matops.artifacts.data.dataset import part_paths, record_ids
from matops.core.errors import BadInput
from tests.adapters.data.test_dvc_store import METALS, OXIDES, ids, records
from tests.support.remotes import Remote


@pytest.fixture
def store(tmp_path: Path, remote: Remote) -> DvcStore:
    return DvcStore(tmp_path / "first", remote.settings, author="me")


def test_the_remote_has_everything_before_the_pointer_names_it(
    store: DvcStore, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def watch(path: Path, old: Pointer, new: Pointer) -> bool:
        seen.append((read_pointer(path), new.tree in remote.objects()))
        return replace_pointer(path, old, new)

    monkeypatch.setattr(dvc_store, "replace_pointer", watch)
    store.append(METALS, records(2.7))
    store.append(METALS, records(8.9))
    assert [there for _, there in seen] == [True, True]
    assert seen[0][0].empty
    assert read_pointer(store.pointer).files == 4


def test_a_push_that_fails_leaves_what_was_published(
    store: DvcStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.append(METALS, records(2.7))
    pointer = store.pointer.read_text()

    def refuse(self: Objects, hashes: list[str]) -> None:
        raise OSError("the server is gone\nand says so at length")

    with monkeypatch.context() as patch:
        patch.setattr(Objects, "push", refuse)
        with pytest.raises(BadInput, match="can't be stored: the server is gone") as caught:
            store.append(METALS, records(8.9))
    assert "\n" not in str(caught.value)
    assert store.pointer.read_text() == pointer
    assert record_ids(before.directory) == ids(records(2.7))
    after = store.append(METALS, records(8.9))
    assert after.added == 1
    assert record_ids(after.directory) == ids(records(2.7, 8.9))


def test_records_that_are_known_are_not_added_again(store: DvcStore) -> None:
    first = store.append(METALS, records(2.7, 8.9))
    again = store.append(METALS, records(2.7, 8.9))
    more = store.append(METALS, records(8.9, 19.3))
    assert (first.added, again.added, more.added) == (2, 0, 1)
    assert again.version == first.version
    assert len(part_paths(more.directory)) == 2
    assert store.append(OXIDES, records(2.7)).added == 1


def test_a_pointer_that_moved_meanwhile_is_built_upon(
    store: DvcStore, tmp_path: Path, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(METALS, records(2.7))
    other = DvcStore(tmp_path / "other", remote.settings)
    other.append(METALS, records(2.7))
    other.append(METALS, records(8.9, 19.3))
    moved = iter([other.pointer.read_text()])

    def pull_first(path: Path, old: Pointer, new: Pointer) -> bool:
        text = next(moved, None)
        if text:
            path.write_text(text)
        return replace_pointer(path, old, new)

    monkeypatch.setattr(dvc_store, "replace_pointer", pull_first)
    after = store.append(METALS, records(8.9, 22.6))
    assert after.added == 1
    assert record_ids(after.directory) == ids(records(2.7, 8.9, 19.3, 22.6))
    assert len(part_paths(after.directory)) == 3


def test_two_at_once_lose_nothing_and_count_nothing_twice(store: DvcStore) -> None:
    added = []

    def ingest(*densities: float) -> None:
        for density in densities:
            added.append(store.append(METALS, records(density, 1.0)).added)

    threads = [threading.Thread(target=ingest, args=(10.0 * i + 2, 10.0 * i + 3)) for i in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.checkout(METALS)
    assert found is not None
    assert record_ids(found.directory) == ids(records(1.0, 12.0, 13.0, 22.0, 23.0))
    assert sum(added) == 5


def test_a_write_that_died_is_in_nobodys_way(store: DvcStore) -> None:
    appended = store.append(METALS, records(2.7))
    for name in ("data.dvc.unfinished", ".dvc/config.unfinished", ".matops/part-x/part.unfinished"):
        path = store.workspace / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    (appended.directory / "part-00.unfinished").write_text("half")
    assert store.append(METALS, records(8.9)).added == 1


def test_another_remote_gets_the_old_data_too(store: DvcStore, tmp_path: Path) -> None:
    store.append(METALS, records(2.7))
    moved = DvcStore(store.workspace, str(tmp_path / "new remote"))
    moved.append(METALS, records(8.9))
    copy = DvcStore(tmp_path / "copy", str(tmp_path / "new remote"))
    copy.workspace.mkdir()
    copy.pointer.write_text(store.pointer.read_text())
    found = copy.checkout(METALS)
    assert found is not None
    assert record_ids(found.directory) == ids(records(2.7, 8.9))


def test_an_index_that_was_lost_is_made_again(store: DvcStore) -> None:
    store.append(METALS, records(2.7, 8.9))
    (store.workspace / ".matops/index/metals.sqlite").unlink()
    assert store.append(METALS, records(2.7, 8.9, 19.3)).added == 1


def test_the_pointer_is_one_that_dvc_itself_understands(store: DvcStore, tmp_path: Path) -> None:
    store.append(METALS, records(2.7))
    store.append(OXIDES, records(3.99))
    with Repo(str(store.workspace)) as repo:
        assert repo.status() == {}
    for name in (".dvc/cache", "data"):
        subprocess.run(["rm", "-rf", str(store.workspace / name)], check=True)
    command = [sys.executable, "-m", "dvc", "pull", "--quiet"]
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    subprocess.run(command, cwd=store.workspace, check=True, env=environment)
    assert record_ids(store.workspace / "data/metals") == ids(records(2.7))
    assert record_ids(store.workspace / "data/oxides") == ids(records(3.99))


@pytest.mark.parametrize("text", ["<<<<<<< ours\nouts:\n", "outs: []\n", "[]\n", "outs:\n- md5\n"])
def test_a_pointer_that_is_none_is_one_line(store: DvcStore, text: str) -> None:
    store.append(METALS, records(2.7))
    store.pointer.write_text(text)
    for attempt in (lambda: store.checkout(METALS), lambda: store.append(METALS, records(1.0))):
        with pytest.raises(BadInput, match=re.escape(POINTER)) as caught:
            attempt()
        assert "\n" not in str(caught.value)
    assert store.pointer.read_text() == text
