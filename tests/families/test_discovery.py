"""Families are found by looking, here and in installed packages; none imports another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matops.core.errors import BadInput
from matops.core.family import Family
from matops.families import family_names, get_family
from tests.support.outside_family import announce, install, on_path


def test_names_are_sorted_and_each_gives_its_family_once() -> None:
    names = family_names()
    assert names == tuple(sorted(set(names)))
    assert "elastic_cgcnn" in names
    for name in names:
        assert isinstance(get_family(name), Family)
        assert get_family(name) is get_family(name)


@pytest.mark.parametrize("name", ["elastic", "", "core", "..", "elastic_cgcnn.model", "__init__"])
def test_unknown_family_is_refused_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(BadInput, match="elastic_cgcnn") as caught:
        get_family(name)
    assert repr(name) in str(caught.value)


def test_looking_for_names_imports_no_family(tmp_path: Path) -> None:
    script = (
        "import sys; from matops.families import family_names; print(*family_names()); "
        "print([m for m in sys.modules if m.startswith(('matops.families.', 'jumps', 'torch'))])"
    )
    site = install(tmp_path, "jumps")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r}); {script}"],
        capture_output=True,
        text=True,
        check=True,
    )
    names, imported = done.stdout.splitlines()
    assert names.split() == sorted([*family_names(), "jumps"])
    assert imported == "[]"


def test_a_family_of_an_installed_package_is_one_of_them(tmp_path: Path) -> None:
    with on_path(install(tmp_path, "jumps")):
        family = get_family("jumps")
        assert family.name == "jumps"
        assert type(family).__module__ == "jumps"
        assert get_family("elastic_cgcnn").name == "elastic_cgcnn"
    assert "jumps" not in family_names()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (
            "elastic_cgcnn",
            "jumps",
            "two families are called 'elastic_cgcnn': matops.families.elastic_cgcnn and "
            "jumps of the package other; uninstall one",
        ),
        (
            "hops",
            "jumps",
            "family hops: jumps of the package other has no family of this name",
        ),
        (
            "jumps",
            "jumps:TARGETS",
            "family jumps: jumps:TARGETS of the package other has no family of this name",
        ),
        (
            "jumps",
            "no_such_module",
            "family jumps: no_such_module of the package other can't be imported: "
            "No module named 'no_such_module'",
        ),
    ],
)
def test_what_is_no_family_or_has_another_ones_name_is_refused_in_one_line(
    tmp_path: Path, name: str, value: str, reason: str
) -> None:
    site = install(tmp_path, "jumps")
    (site / "matops-jumps-1.0.dist-info" / "entry_points.txt").unlink()
    announce(site, name, value)
    with on_path(site), pytest.raises(BadInput) as caught:
        get_family(name)
    assert str(caught.value) == reason
