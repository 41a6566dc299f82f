"""What comes of an evaluation, as pods and the command line have it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import CARD, read_card
from matops.core.errors import BadInput
from matops.entrypoints.learning.outcome import rejection, release_package

if TYPE_CHECKING:
    from tests.conftest import Released

FAMILY = "elastic_cgcnn"


def evaluation_with(released: Released, directory: Path, accepted: bool) -> Path:
    """A released run's evaluation whose card has another verdict."""
    package = directory / PACKAGE
    package.mkdir(parents=True)
    for path in released.package.iterdir():
        (package / path.name).write_bytes(path.read_bytes())
    card = json.loads((package / CARD).read_text())
    card["verdict"]["accepted"] = accepted
    card["verdict"]["results"][0]["passed"] = accepted
    (package / CARD).write_text(json.dumps(card))
    return directory


def test_an_accepted_candidate_is_released_and_handed_on(
    empty: Path, released: Released, tmp_path: Path
) -> None:
    evaluation = evaluation_with(released, tmp_path / "evaluation", accepted=True)
    told = release_package(evaluation, tmp_path / "out")
    assert told == {"version": released.package.name}
    assert read_card(tmp_path / "out").version == released.package.name
    assert (empty / "models" / FAMILY / "champion.json").is_file()


def test_a_rejected_candidate_is_never_released_but_explained(
    empty: Path, released: Released, tmp_path: Path
) -> None:
    evaluation = evaluation_with(released, tmp_path / "evaluation", accepted=False)
    with pytest.raises(BadInput, match="not released"):
        release_package(evaluation, tmp_path / "out")
    assert not (empty / "models").exists()
    failed, text = rejection(evaluation)
    assert failed == 1
    assert "**FAIL**" in text


@pytest.mark.parametrize("step", ["rejection", "conclude"])
def test_a_pod_that_notes_a_verdict_is_up_without_the_libraries(
    here: Path, released: Released, tmp_path: Path, step: str
) -> None:
    evaluation = evaluation_with(released, tmp_path / "evaluation", accepted=False)
    code = (
        "import sys; from pathlib import Path; from matops.entrypoints.learning import outcome; "
        f"outcome.{step}(Path(sys.argv[1])); print({{'torch', 'pandas'}} & set(sys.modules))"
    )
    told = subprocess.check_output([sys.executable, "-c", code, str(evaluation)], text=True)
    assert told == "set()\n"
