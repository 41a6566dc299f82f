"""Versioned data: what was appended comes back, and nothing else does."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from matops.adapters.data.dvc_pointer import EMPTY_TREE
from matops.adapters.data.dvc_store import DvcStore
from matops.adapters.data.dvc_workspace import RemoteSettings, open_objects
from matops.artifacts.data.dataset import part_paths, record_ids
from matops.core.data.record import Provenance, Record, make_record
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.steps.ports import DatasetVersion
from tests.support.remotes import Remote

TARGETS = (Target("density", "g/cm3", "mass per volume", lower=0.0),)

FRESH_PROCESS = """
import sys
from pathlib import Path
from types import SimpleNamespace
from matops.adapters.data.dvc_store import DvcStore
from matops.adapters.data.dvc_workspace import RemoteSettings, open_objects
from matops.artifacts.data.dataset import record_ids

found = DvcStore(Path(sys.argv[1])).checkout(SimpleNamespace(name="metals"))
print(found.version, *sorted(record_ids(found.directory)))
"""


def fake_family(name: str) -> Family:
    return cast(Family, SimpleNamespace(name=name, targets=TARGETS))


METALS, OXIDES = fake_family("metals"), fake_family("oxides")


def records(*densities: float) -> list[Record]:
    return [
        make_record(f"group {x}", {"x": x}, {"density": x}, TARGETS, Provenance("test", f"{x}"))
        for x in densities
    ]


def ids(found: list[Record]) -> set[str]:
    return {record.id for record in found}


def same(found: DatasetVersion | None, appended: DatasetVersion) -> bool:
    return found == DatasetVersion(appended.version, appended.directory)


@pytest.fixture
def store(tmp_path: Path, remote: Remote) -> DvcStore:
    return DvcStore(tmp_path / "first", remote.settings)


@pytest.fixture
def clone(store: DvcStore, tmp_path: Path) -> Iterator[Path]:
    """What another machine has of a workspace: the pointer and the configuration."""
    store.append(METALS, records(2.7))
    store.append(METALS, records(8.9, 19.3))
    copy = tmp_path / "second"
    (copy / ".dvc").mkdir(parents=True)
    shutil.copyfile(store.workspace / ".dvc/config", copy / ".dvc/config")
    shutil.copyfile(store.workspace / "data.dvc", copy / "data.dvc")
    return copy


def assert_one_line(error: BadInput, *words: str) -> None:
    assert "\n" not in str(error)
    assert all(word in str(error) for word in words)


def test_a_workspace_without_a_pointer_has_no_data(store: DvcStore) -> None:
    assert store.checkout(METALS) is None
    assert not store.workspace.exists()


def test_what_was_appended_is_checked_out_under_the_same_version(store: DvcStore) -> None:
    appended = store.append(METALS, records(2.7, 8.9))
    found = store.checkout(METALS)
    assert same(found, appended)
    assert record_ids(appended.directory) == ids(records(2.7, 8.9))


def test_another_machine_gets_all_parts_from_the_remote(store: DvcStore, clone: Path) -> None:
    command = [sys.executable, "-c", FRESH_PROCESS, str(clone)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    version, *found = done.stdout.split()
    here = store.checkout(METALS)
    assert here is not None
    assert version == here.version
    assert set(found) == ids(records(2.7, 8.9, 19.3))
    assert len(part_paths(clone / "data" / "metals")) == 2


def test_another_machine_adds_to_the_data_without_losing_any(
    clone: Path, store: DvcStore, tmp_path: Path
) -> None:
    second = DvcStore(clone)
    second.checkout(METALS)
    added = second.append(METALS, records(22.6))
    assert record_ids(added.directory) == ids(records(2.7, 8.9, 19.3, 22.6))
    shutil.copyfile(clone / "data.dvc", store.workspace / "data.dvc")
    assert store.checkout(METALS) is not None
    assert record_ids(store.workspace / "data/metals") == ids(records(2.7, 8.9, 19.3, 22.6))


def test_new_data_is_a_new_version(store: DvcStore) -> None:
    versions = [store.append(METALS, records(x)).version for x in (2.7, 8.9, 19.3)]
    assert len(set(versions)) == 3


def test_the_version_is_a_hash_of_the_content(store: DvcStore, tmp_path: Path) -> None:
    elsewhere = DvcStore(tmp_path / "elsewhere", str(tmp_path / "other remote"))
    here = store.append(METALS, records(2.7, 8.9))
    assert elsewhere.append(METALS, records(8.9, 2.7)).version == here.version
    assert elsewhere.append(METALS, records(2.8)).version != here.version


def test_data_of_one_family_leaves_the_version_of_another_alone(store: DvcStore) -> None:
    before = store.append(METALS, records(2.7, 8.9))
    assert store.checkout(OXIDES) is None
    oxides = store.append(OXIDES, records(3.99))
    after = store.checkout(METALS)
    assert same(after, before)
    assert oxides.version != before.version
    assert record_ids(oxides.directory) == ids(records(3.99))


def test_an_empty_tree_means_no_data_and_takes_the_first_part(store: DvcStore) -> None:
    store.workspace.mkdir()
    (store.workspace / "data.dvc").write_text(
        f"outs:\n- md5: {EMPTY_TREE}\n  size: 0\n  nfiles: 0\n  hash: md5\n  path: data\n"
    )
    assert EMPTY_TREE == "d751713988987e9331980363e24189ce.dir"
    assert store.checkout(METALS) is None
    store.append(METALS, records(2.7))
    found = store.checkout(METALS)
    assert found is not None
    assert record_ids(found.directory) == ids(records(2.7))


def test_a_workspace_inside_another_one_keeps_its_own_data(store: DvcStore, remote: Remote) -> None:
    outer = store.append(METALS, records(2.7))
    inner = DvcStore(store.workspace / "demo", remote.settings)
    assert inner.checkout(METALS) is None
    assert record_ids(inner.append(METALS, records(8.9)).directory) == ids(records(8.9))
    assert same(store.checkout(METALS), outer)
    assert record_ids(outer.directory) == ids(records(2.7))


def test_an_object_that_the_remote_has_lost_is_one_line(clone: Path, remote: Remote) -> None:
    for value in remote.objects():
        if not value.endswith(".dir"):
            remote.remove(value)
    with pytest.raises(BadInput) as caught:
        DvcStore(clone).checkout(METALS)
    assert_one_line(caught.value, "data.dvc")


def test_a_remote_that_is_gone_is_one_line(clone: Path, remote: Remote) -> None:
    remote.destroy()
    with pytest.raises(BadInput) as caught:
        DvcStore(clone).checkout(METALS)
    assert_one_line(caught.value, "data.dvc")


def test_a_workspace_moves_from_a_server_to_a_directory(tmp_path: Path) -> None:
    server = RemoteSettings("s3://bucket/data", "http://127.0.0.1:9", timeout_s=1.0)
    with open_objects(tmp_path, server) as objects:
        assert objects.remote.fs.protocol == "s3"
    moved = DvcStore(tmp_path, str(tmp_path / "remote"))
    assert moved.append(METALS, records(1.0)).added == 1


def test_a_configuration_that_is_damaged_is_one_line(store: DvcStore) -> None:
    store.append(METALS, records(1.0))
    (store.workspace / ".dvc" / "config").write_bytes(b"[[[\0")
    with pytest.raises(BadInput, match="Invalid line") as caught:
        store.append(METALS, records(2.0))
    assert len(str(caught.value).splitlines()) == 1


def test_a_part_that_was_removed_by_hand_comes_back(store: DvcStore) -> None:
    appended = store.append(METALS, records(2.7, 8.9))
    part_paths(appended.directory)[0].unlink()
    found = store.checkout(METALS)
    assert same(found, appended)
    assert record_ids(appended.directory) == ids(records(2.7, 8.9))


def test_a_part_that_was_changed_by_hand_is_never_used(store: DvcStore, tmp_path: Path) -> None:
    appended = store.append(METALS, records(2.7, 8.9))
    forged = DvcStore(tmp_path / "forge").append(METALS, records(1e-9))
    part = part_paths(appended.directory)[0]
    part.unlink()
    shutil.copyfile(part_paths(forged.directory)[0], part)
    try:
        found = store.checkout(METALS)
    except BadInput as error:
        assert_one_line(error, "data.dvc")
    else:
        assert same(found, appended)
        assert record_ids(appended.directory) == ids(records(2.7, 8.9))


def test_a_part_that_was_slipped_in_by_hand_is_never_used(store: DvcStore, tmp_path: Path) -> None:
    appended = store.append(METALS, records(2.7, 8.9))
    forged = DvcStore(tmp_path / "forge").append(METALS, records(1e-9))
    shutil.copy(part_paths(forged.directory)[0], appended.directory)
    try:
        found = store.checkout(METALS)
    except BadInput as error:
        assert_one_line(error, "data.dvc")
    else:
        assert same(found, appended)
        assert record_ids(appended.directory) == ids(records(2.7, 8.9))


def test_an_earlier_version_can_be_opened_beside_the_published_one(store: DvcStore) -> None:
    first = store.append(METALS, records(2.7))
    store.append(OXIDES, records(3.99))
    second = store.append(METALS, records(8.9, 19.3))
    assert same(store.open(METALS, second.version), second)
    old = store.open(METALS, first.version)
    assert old.version == first.version
    assert record_ids(old.directory) == ids(records(2.7))
    assert record_ids(second.directory) == ids(records(2.7, 8.9, 19.3))
    assert same(store.checkout(METALS), second)


def test_parts_of_an_earlier_version_come_back_from_the_remote(store: DvcStore) -> None:
    first = store.append(METALS, records(2.7))
    store.append(METALS, records(8.9))
    for path in (store.workspace / ".dvc/cache/files/md5").glob("*/*"):
        if path.suffix != ".dir":
            path.unlink()
    assert record_ids(store.open(METALS, first.version).directory) == ids(records(2.7))


def test_an_earlier_version_whose_parts_are_lost_is_one_line(
    store: DvcStore, remote: Remote
) -> None:
    first = store.append(METALS, records(2.7))
    store.append(METALS, records(8.9))
    (part,) = part_paths(store.open(METALS, first.version).directory)
    part.unlink()
    before = store.workspace / "data/metals" / part.name
    digest = hashlib.md5(before.read_bytes()).hexdigest()
    remote.remove(digest)
    (store.workspace / ".dvc/cache/files/md5" / digest[:2] / digest[2:]).unlink()
    before.unlink()
    with pytest.raises(BadInput) as caught:
        store.open(METALS, first.version)
    assert_one_line(caught.value)


def test_a_version_that_never_was_is_one_line(store: DvcStore) -> None:
    store.append(METALS, records(2.7))
    with pytest.raises(BadInput) as caught:
        store.open(METALS, "0" * 32)
    assert_one_line(caught.value, "metals data 00000")


def test_pointer_and_remote_are_all_that_another_place_needs(
    store: DvcStore, remote: Remote, tmp_path: Path
) -> None:
    here = store.append(METALS, records(2.7, 8.9))
    elsewhere = DvcStore(tmp_path / "elsewhere", remote.settings)
    elsewhere.workspace.mkdir()
    (elsewhere.workspace / "data.dvc").write_text(store.pointer_text())
    there = elsewhere.checkout(METALS)
    assert there is not None
    assert there.version == here.version
    assert record_ids(there.directory) == ids(records(2.7, 8.9))


def test_without_data_there_is_no_pointer(store: DvcStore) -> None:
    with pytest.raises(BadInput, match=r"data.dvc"):
        store.pointer_text()


def test_what_lacks_comes_with_the_stored_twins_of_its_samples(store: DvcStore) -> None:
    """A twin has the same payload and another label; parts hold other samples, too."""
    stored = records(1.0, 2.0, 3.0)
    store.append(METALS, stored[:2])
    store.append(METALS, stored[2:])
    twin, new = replace(stored[0], id="twin"), records(4.0)[0]
    lacking = store.lacking(METALS, [stored[1], twin, new])
    assert lacking.new == [twin, new]
    assert lacking.same_samples == [stored[0]]
    assert store.lacking(OXIDES, [twin]).same_samples == []


def test_addresses_name_each_part_of_a_version_in_the_remote(store: DvcStore) -> None:
    first = store.append(METALS, records(1.0))
    second = store.append(METALS, records(2.0))
    assert set(store.addresses(METALS, first.version)) < set(
        store.addresses(METALS, second.version)
    )
    with open_objects(store.workspace, store.remote) as objects:
        for name, address in store.addresses(METALS, second.version).items():
            with objects.remote.fs.open(address, "rb") as file:
                assert file.read() == (second.directory / name).read_bytes()
    with pytest.raises(BadInput, match="its listing is neither"):
        store.addresses(METALS, "0" * 32)
