"""``--init-from`` of the command line: a training that starts from a package."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.artifacts.model.package import read_card
from matops.core.learning.transfer import Ancestor
from matops.core.quality.card import Card

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

FAMILY = "elastic_cgcnn"


def trained(
    matops: Matops, workspace: Path, out: Path, small: list[str], init_from: str | Path
) -> Card:
    """The card of a training from a package, with a short learning."""
    train = ("train", FAMILY, "--out", out, "--preset", "demo", "--init-from", init_from)
    done = matops(workspace, *train, *small)
    assert done.status == 0, done
    answer = json.loads(matops(workspace, "evaluate", out, "--json").out)
    return read_card(Path(answer["package"]))


def test_a_version_of_the_workspace_starts_a_training_and_stands_on_card_and_report(
    matops: Matops,
    workspace: Path,
    released: Released,
    small_changes: Callable[..., list[str]],
    tmp_path: Path,
) -> None:
    start = read_card(released.package)
    small = small_changes(training__epochs=1, training__transfer__mode="gradual")
    card = trained(matops, workspace, tmp_path / "run", small, start.version)
    parent = Ancestor(start.version, start.data.version, "gradual", disjoint_data=False)
    assert card.lineage == (parent,)
    report = (tmp_path / "run/evaluation/report.html").read_text()
    assert f"<code>{start.version}</code> <span" in report.split("Started from")[1]


def test_a_package_named_by_its_directory_starts_the_same_training(
    matops: Matops,
    workspace: Path,
    released: Released,
    small_changes: Callable[..., list[str]],
    tmp_path: Path,
) -> None:
    small = small_changes(training__epochs=1)
    named = trained(matops, workspace, tmp_path / "a", small, released.package.name)
    pointed = trained(matops, workspace, tmp_path / "b", small, released.package)
    assert pointed.version == named.version != released.package.name
    assert pointed.lineage == named.lineage


def test_a_start_that_is_nowhere_is_one_line(
    matops: Matops, workspace: Path, tmp_path: Path
) -> None:
    train = ("train", FAMILY, "--out", tmp_path / "run", "--init-from", "nobody")
    done = matops(workspace, *train)
    assert done.status == 2
    assert "matops: nobody: neither a package's directory nor a version" in done.err


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_already")
def test_the_pipeline_starts_from_a_version_of_the_workspace(
    matops: Matops,
    workspace: Path,
    released: Released,
    small_changes: Callable[..., list[str]],
) -> None:
    arguments = ("--preset", "demo", "--init-from", released.package.name, "--json")
    small = small_changes(training__epochs=1)
    done = matops(workspace, "run", "train_and_release", "-f", FAMILY, *arguments, *small)
    card = read_card(Path(json.loads(done.out)["package"]))
    assert [start.version for start in card.lineage] == [released.package.name]
