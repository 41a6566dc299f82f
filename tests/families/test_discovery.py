"""Families are found by looking; none imports another."""

import subprocess
import sys

import pytest

from matops.core.errors import BadInput
from matops.core.family import Family
from matops.families import family_names, get_family


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


def test_looking_for_names_imports_no_family() -> None:
    script = (
        "import sys; from matops.families import family_names; family_names(); "
        "print([m for m in sys.modules if m.startswith('matops.families.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
