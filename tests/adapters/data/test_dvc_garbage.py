"""Garbage collection takes what nothing names, and a stranger's leaves data that can be mended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matops.adapters.data.dvc_garbage import DvcGarbage, Garbage
from matops.adapters.data.dvc_health import MEND, DvcHealth
from matops.adapters.data.dvc_store import DvcStore
from matops.adapters.data.dvc_versions import DvcVersions
from matops.artifacts.data.dataset import record_ids
from matops.core.errors import BadInput
from tests.adapters.data.test_dvc_store import METALS, OXIDES, ids, records
from tests.support.remotes import Remote


@pytest.fixture
def store(tmp_path: Path, remote: Remote) -> DvcStore:
    return DvcStore(tmp_path / "first", remote.settings)


def collected(
    store: DvcStore,
    *versions: str,
    pointers: tuple[str, ...] = (),
    also: tuple[Path, ...] = (),
    oldest_h: float = 0.0,
    remove: bool = True,
) -> Garbage:
    garbage = DvcGarbage(store.workspace, store.remote, pointers)
    return garbage.collect(versions, oldest_h, also, remove)


def damages(store: DvcStore) -> list[str]:
    found = DvcHealth(store.workspace, store.remote).verify()[1]
    return [f"{damage.place} {damage.problem} {damage.advice}" for damage in found]


def test_all_that_the_history_names_is_kept_with_every_older_pointer(store: DvcStore) -> None:
    first = store.append(METALS, records(2.7))
    pointer = store.pointer_text()
    store.append(OXIDES, records(3.99))
    store.append(METALS, records(8.9))
    assert collected(store).unused == ()
    assert damages(store) == []
    assert record_ids(store.open(METALS, first.version).directory) == ids(records(2.7))
    store.pointer.write_text(pointer)
    found = store.checkout(METALS)
    assert found is not None
    assert found.version == first.version


@pytest.fixture
def turned_back(store: DvcStore) -> tuple[str, str, str]:
    """A second version that nothing names any more: its hash, and the pointers to both."""
    store.append(METALS, records(2.7))
    old = store.pointer_text()
    lost = store.append(METALS, records(8.9))
    new = store.pointer_text()
    store.pointer.write_text(old)
    store.checkout(METALS)
    return lost.version, old, new


def test_what_nothing_names_is_told_first_and_goes_when_that_is_asked_for(
    store: DvcStore, turned_back: tuple[str, str, str]
) -> None:
    told = collected(store, remove=False)
    # A part, its history, the version's listing and that of the whole data, at two places.
    assert {item.place for item in told.unused} == {"cache", "remote"}
    assert len(told.unused) == 8
    assert all(item.size_bytes > 0 for item in told.unused)
    assert collected(store).unused == told.unused
    assert collected(store).unused == ()
    assert damages(store) == []
    with pytest.raises(BadInput, match="neither in the cache nor"):
        store.open(METALS, turned_back[0])


def test_what_is_young_or_named_elsewhere_stays(
    store: DvcStore, turned_back: tuple[str, str, str], tmp_path: Path
) -> None:
    version, _, new = turned_back
    other = tmp_path / "other.dvc"
    other.write_text(new)
    young = collected(store, oldest_h=1.0)
    assert (young.unused, young.young) == ((), 8)
    assert collected(store, pointers=(new,)).unused == ()
    assert collected(store, also=(other,)).unused == ()
    kept = collected(store, version)
    # Its listing and its part; nobody asked for its history or the whole data then.
    assert len(kept.unused) == 4
    assert record_ids(store.open(METALS, version).directory) == ids(records(2.7, 8.9))
    with pytest.raises(BadInput, match="no such file"):
        collected(store, also=(tmp_path / "none.dvc",))


def test_other_files_of_the_same_repository_are_kept(store: DvcStore) -> None:
    store.append(METALS, records(2.7))
    (store.workspace / "notes").mkdir()
    (store.workspace / "notes" / "a.txt").write_text("measured by hand")
    dvc(store, "add", "-q", "notes")
    assert collected(store).unused == ()
    dvc(store, "checkout", "-q", "--force", "notes.dvc")


def dvc(store: DvcStore, *arguments: str) -> None:
    command = [sys.executable, "-m", "dvc", *arguments]
    subprocess.run(command, check=True, cwd=store.workspace, stdout=subprocess.DEVNULL)


def test_what_a_strangers_gc_took_is_named_and_made_again(store: DvcStore) -> None:
    first = store.append(METALS, records(2.7))
    second = store.append(METALS, records(8.9))
    dvc(store, "gc", "--workspace", "--cloud", "--force", "-q")
    assert damages(store) == [f"remote missing {MEND}"] * 2
    health = DvcHealth(store.workspace, store.remote)
    assert health.mend() == (2, [])
    assert damages(store) == []
    versions = DvcVersions(store.workspace, store.remote)
    assert [version.version for version in versions.pull()] == [second.version]
    assert record_ids(store.open(METALS, first.version).directory) == ids(records(2.7))


def test_an_older_version_is_had_without_mending_first(store: DvcStore) -> None:
    first = store.append(METALS, records(2.7))
    store.append(METALS, records(8.9))
    dvc(store, "gc", "--workspace", "--cloud", "--force", "-q")
    assert record_ids(store.open(METALS, first.version).directory) == ids(records(2.7))
