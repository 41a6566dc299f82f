"""The folder of each family: the files that people look for, and what its README tells."""

from __future__ import annotations

from pathlib import Path

import pytest

import matops.families
from matops.core.family import Family
from matops.families import get_family

FOLDERS = sorted(
    path.parent for path in Path(matops.families.__file__).parent.glob("*/__init__.py")
)


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def family(folder: Path) -> Family:
    return get_family(folder.name)


@pytest.mark.parametrize(
    "file", ["__init__", "about", "family", "config", "data", "model", "gates"]
)
def test_folder_has_the_files_that_people_look_for(folder: Path, file: str) -> None:
    assert (folder / f"{file}.py").is_file()


@pytest.mark.parametrize("section", ["source", "equations", "units", "limits"])
def test_readme_has_the_section(folder: Path, section: str) -> None:
    lines = (folder / "README.md").read_text().splitlines()
    headings = [line.lower() for line in lines if line.startswith("#")]
    assert any(section in heading for heading in headings)


def test_readme_names_the_paper_and_every_target_with_its_unit(
    folder: Path, family: Family
) -> None:
    text = (folder / "README.md").read_text()
    authors = family.paper.split(",")[0].replace(" and ", " ").split()
    assert [name for name in authors if name not in text] == []
    for target in family.targets:
        assert target.name in text
        assert target.unit in text
