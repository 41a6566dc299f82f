"""Released packages are kept for good, and one of them is the champion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.adapters.storage.package_directory import CHAMPION, Champion, PackageDirectory
from matops.artifacts.jsonfile import read_json
from matops.artifacts.model.package import load_checked
from matops.core.errors import BadInput
from matops.core.monitoring.retraining import Attempt
from matops.families import get_family
from tests.support.killed_write import killed_write

if TYPE_CHECKING:
    from tests.conftest import Released

ELASTIC = get_family("elastic_cgcnn")


@pytest.fixture
def store(tmp_path: Path) -> PackageDirectory:
    return PackageDirectory(tmp_path / "models")


def renamed(package: Path, version: str, directory: Path) -> Path:
    """A copy of a package whose card has another version."""
    copy = directory / f"candidate-{version}"
    shutil.copytree(package, copy)
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps(card | {"version": version}))
    return copy


def pointer(store: PackageDirectory) -> Champion:
    return read_json(store.root / ELASTIC.name / CHAMPION, Champion)


def content(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_there_is_no_champion_before_the_first_release(store: PackageDirectory) -> None:
    assert store.champion(ELASTIC) is None


def test_a_published_package_is_the_champion_and_still_loads(
    store: PackageDirectory, released: Released
) -> None:
    kept = store.publish(ELASTIC, released.package)
    assert store.champion(ELASTIC) == kept
    assert load_checked(kept).model_version == kept.name == released.package.name


def test_publishing_twice_changes_nothing(
    store: PackageDirectory, released: Released, tmp_path: Path
) -> None:
    store.publish(ELASTIC, renamed(released.package, "aaa", tmp_path))
    store.publish(ELASTIC, released.package)
    before = content(store.root)
    store.publish(ELASTIC, released.package)
    assert content(store.root) == before
    assert pointer(store).previous == "aaa"


def test_the_champion_names_its_predecessor_and_both_are_kept(
    store: PackageDirectory, released: Released, tmp_path: Path
) -> None:
    first = store.publish(ELASTIC, renamed(released.package, "aaa", tmp_path))
    second = store.publish(ELASTIC, renamed(released.package, "bbb", tmp_path))
    assert pointer(store) == Champion("bbb", "aaa")
    assert store.champion(ELASTIC) == second
    assert content(first).keys() == content(second).keys()


def test_an_earlier_release_published_again_is_the_champion_again(
    store: PackageDirectory, released: Released, tmp_path: Path
) -> None:
    first = renamed(released.package, "aaa", tmp_path)
    store.publish(ELASTIC, first)
    store.publish(ELASTIC, renamed(released.package, "bbb", tmp_path))
    store.publish(ELASTIC, first)
    assert pointer(store) == Champion("aaa", "bbb")


def test_what_an_interrupted_publication_left_is_replaced(
    store: PackageDirectory, released: Released
) -> None:
    left = killed_write(store.root / ELASTIC.name / released.package.name, b"half of it")
    left.unlink()
    left.mkdir()
    (left / "weights.safetensors").write_bytes(b"half of it")
    kept = store.publish(ELASTIC, released.package)
    assert content(kept) == content(released.package)
    assert not left.exists()


def test_a_champion_whose_directory_is_gone_is_named_in_one_line(
    store: PackageDirectory, released: Released
) -> None:
    shutil.rmtree(store.publish(ELASTIC, released.package))
    with pytest.raises(BadInput, match=released.package.name) as caught:
        store.champion(ELASTIC)
    assert "\n" not in str(caught.value)


def test_all_released_packages_are_listed_oldest_first(
    store: PackageDirectory, released: Released, tmp_path: Path
) -> None:
    assert store.released(ELASTIC) == []
    for version, created in (("bbb", "2026-02-01"), ("aaa", "2026-03-01"), ("ccc", "2026-01-01")):
        package = renamed(released.package, version, tmp_path)
        card = json.loads((package / "card.json").read_text())
        (package / "card.json").write_text(json.dumps(card | {"created": created}))
        store.publish(ELASTIC, package)
    (store.root / ELASTIC.name / ".ddd.unfinished").mkdir()
    assert [kept.name for kept in store.released(ELASTIC)] == ["ccc", "bbb", "aaa"]


def test_the_last_attempt_to_retrain_is_remembered(store: PackageDirectory) -> None:
    assert store.last_attempt(ELASTIC) is None
    store.note_attempt(ELASTIC, Attempt("data-1", "2026-01-02T03:04:05+00:00"))
    last = Attempt("data-2", "2026-01-03T03:04:05+00:00", "rejected")
    store.note_attempt(ELASTIC, last)
    assert PackageDirectory(store.root).last_attempt(ELASTIC) == last
    assert store.champion(ELASTIC) is None
