"""The search's pipeline as compiled, and the same YAML run here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import write_source

if TYPE_CHECKING:
    from tests.conftest import Matops
    from tests.pipelines.conftest import Compiled

FAMILY = "elastic_cgcnn"
SMALL = (
    "--set=network.atom_fea_len=8",
    "--set=network.h_fea_len=8",
    "--set=network.n_conv=1",
    "--set=training.epochs=4",
)
SPACE = """
preset = "demo"
[fields."training.learning_rate"]
low = 1e-4
high = 1e-2
log = true
"""


def test_workers_run_side_by_side_and_one_conclusion_follows(
    compiled: dict[str, Compiled],
) -> None:
    tasks = compiled["tune"].spec["root"]["dag"]["tasks"]
    ((loop, looped),) = (item for item in tasks.items() if "parameterIterator" in item[1])
    assert looped["iteratorPolicy"]["parallelismLimit"] > 1
    assert looped["dependentTasks"] == ["begin-tuning"]
    assert tasks["begin-tuning"]["dependentTasks"] == ["ingest"]
    assert tasks["conclude-tuning"]["dependentTasks"] == [loop]
    assert not any("enableCache" in task.get("cachingOptions", {}) for task in tasks.values())


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_already")
def test_a_search_by_two_workers_runs_here(matops: Matops, tmp_path: Path) -> None:
    alloys = write_source(tmp_path / "alloys.json", 60)
    (tmp_path / "mine.toml").write_text(SPACE)
    parameters = {"space": tmp_path / "mine.toml", "trials": 4, "workers": 2, "folds": 2}
    options = [f"--param={name}={value}" for name, value in parameters.items()]
    run = ("run", "tune", "-f", FAMILY, "--source", str(alloys), *SMALL, *options, "--json")
    done = matops(tmp_path, *run)
    assert done.status == 0, done
    told = json.loads(done.out)
    assert told["trials"] == 4
    preset = json.loads(Path(told["preset"]).read_text())
    assert preset["family"] == FAMILY
    assert preset["changes"]["training.epochs"] == 4
    result = tmp_path / ".matops/tuning" / FAMILY / "search/result.json"
    trials = json.loads(result.read_text())["trials"]
    assert {trial["became"] for trial in trials} <= {"finished", "stopped"}
    assert [trial["number"] for trial in trials] == [0, 1, 2, 3]
