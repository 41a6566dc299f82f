"""What belongs together in a drop place, and what is not complete yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from matops.steps.data.deposits import Deposit, Listed, group_deposits


def grouped(*paths: str) -> dict[str, set[str]]:
    return {d.name: set(d.files) for d in group_deposits(dict.fromkeys(paths, Listed("1")))}


def test_a_file_is_a_deposit_and_a_directory_is_one_with_all_in_it() -> None:
    found = grouped("a.json", "run/manifest.csv", "run/logs/log.lammps", "b.json")
    assert found == {
        "a.json": {"a.json"},
        "b.json": {"b.json"},
        "run": {"run/manifest.csv", "run/logs/log.lammps"},
    }


def test_a_manifest_at_the_top_speaks_for_the_files_beside_it() -> None:
    found = grouped("manifest.csv", "a.data", "run/manifest.json", "run/b.data")
    assert found == {
        ".": {"manifest.csv", "a.data"},
        "run": {"run/manifest.json", "run/b.data"},
    }


@pytest.mark.parametrize("name", ["a.json.part", "a.json.tmp", "a.json.PART", "x.filepart"])
def test_an_unfinished_file_holds_back_what_it_belongs_to(name: str) -> None:
    assert grouped(name, "b.json") == {"b.json": {"b.json"}}
    assert grouped(f"run/{name}", "run/manifest.csv") == {}
    assert grouped(name, "manifest.csv") == {}


def test_hidden_files_are_nobodys() -> None:
    assert grouped(".a.json.Xy12", ".git/config", "run/.nfs01") == {}


def test_the_snapshot_changes_with_names_and_stamps() -> None:
    one = Deposit("a", {"a/x": "1", "a/y": "2"})
    assert one.snapshot == Deposit("a", {"a/y": "2", "a/x": "1"}).snapshot
    others = ({"a/x": "1"}, {"a/x": "1", "a/y": "3"}, {"a/x": "1", "a/z": "2"})
    assert one.snapshot not in {Deposit("a", files).snapshot for files in others}


def test_the_content_is_that_of_the_bytes_under_whatever_name(tmp_path: Path) -> None:
    for name, text in (("a", "same"), ("b", "same"), ("c", "other")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.data").write_text(text)
    one, twin, other = (Deposit(n, {f"{n}/x.data": "1"}).content(tmp_path) for n in "abc")
    assert one == twin != other


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a//b", "empty part"),
        ("a/b/../../c", "leads elsewhere"),
        ("/etc/passwd", "empty part"),
        ("run/a\nb", "control character"),
        ("run/a\udcff", "not UTF-8"),
        ("x" * 256, "too long"),
        ("run/" + "y/" * 600, "empty part"),
        ("run/" + "y/" * 600 + "z", "too long"),
    ],
)
def test_an_unsound_key_of_a_bucket_is_refused_and_the_rest_is_read(path: str, reason: str) -> None:
    found = list(group_deposits({path: Listed("1"), "run/good": Listed("1")}))
    assert [path for deposit in found for path in deposit.files] == ["run/good"]
    (refused,) = [reason for deposit in found for reason in deposit.refused.values()]
    assert reason in refused


def test_what_is_a_file_and_a_folder_at_once_is_refused(tmp_path: Path) -> None:
    (deposit,) = group_deposits(dict.fromkeys(("a", "a/b", "a/c"), Listed("1")))
    assert set(deposit.files) == {"a/b", "a/c"}
    assert deposit.refused == {"a": "is a file and a folder at once"}


def test_names_in_any_script_are_sound() -> None:
    paths = ("Kupfer-Messungen/grün.json", "數據/晶體.cif", "داده‌ها/a b.json")
    assert grouped(*paths) == {path.partition("/")[0]: {path} for path in paths}
