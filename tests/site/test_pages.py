"""Links that are right in the tree are right on the site."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.site.pages import linked, readmes
from matops.families import family_names
from tests.support.places import REPOSITORY

PAGES = {
    "README.md": "index.md",
    "docs/serving.md": "serving.md",
    "docs/tasks/serve.md": "tasks/serve.md",
    "src/matops/families/toy/README.md": "families/toy.md",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in ("Dockerfile", "devtools/scan.sh", "manifests/base/kept.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("here", "text", "expected"),
    [
        (
            "README.md",
            "[toy](src/matops/families/toy/README.md#units)",
            "[toy](families/toy.md#units)",
        ),
        ("docs/serving.md", "[a](../README.md)", "[a](index.md)"),
        (
            "docs/tasks/serve.md",
            "[all of\nit](../serving.md#ask)",
            "[all of\nit](../serving.md#ask)",
        ),
        (
            "src/matops/families/toy/README.md",
            "[s](../../../../docs/serving.md)",
            "[s](../serving.md)",
        ),
        ("docs/serving.md", "[Dockerfile](../Dockerfile)", "Dockerfile"),
        ("docs/serving.md", "[scan](../devtools/scan.sh)", "scan (`devtools/scan.sh`)"),
        ("docs/serving.md", "[b](../manifests/base)", "b (`manifests/base`)"),
        ("docs/serving.md", "[out](https://kserve.github.io)", "[out](https://kserve.github.io)"),
        ("docs/serving.md", "[below](#ask)", "[below](#ask)"),
        ("docs/serving.md", "[gone](../gone.md)", "[gone](../gone.md)"),
    ],
)
def test_a_link_leads_to_the_same_thing(tree: Path, here: str, text: str, expected: str) -> None:
    assert linked(text, here, tree, PAGES) == expected


def test_every_family_has_its_page() -> None:
    pages = readmes(REPOSITORY).values()
    assert {f"families/{name}.md" for name in family_names()} <= set(pages)
