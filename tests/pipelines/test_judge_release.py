"""The compiled look at a release, run here: it ends at once and says what it found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.adapters.pipelines.local_pipeline import run_pipeline

if TYPE_CHECKING:
    from tests.pipelines.conftest import Compiled

FAMILY = "elastic_cgcnn"


def test_where_nothing_is_deployed_a_look_says_so(
    compiled: dict[str, Compiled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = str(tmp_path / "workspace")
    monkeypatch.setenv("MATOPS_WORKSPACE", workspace)
    heard: list[str] = []
    definition, arguments = compiled["judge_release"].path, {"family": FAMILY}
    environment = {"MATOPS_WORKSPACE": workspace}
    run_pipeline(definition, arguments, tmp_path / "run", environment, heard.append)
    assert "judge: 1 of 1 (nothing is deployed)" in heard
    (told,) = (tmp_path / "run").glob("**/judge/executor_output.json")
    artifacts = json.loads(told.read_text())["artifacts"]
    found = {name: artifact["artifacts"][0] for name, artifact in artifacts.items()}
    assert found["metrics"]["metadata"] == {"under_way": 0}
    assert "nothing is deployed" in Path(found["reasons"]["uri"]).read_text()
    assert Path(found["decision"]["uri"]).read_text() == ""
