"""The pipeline to schedule: it does nothing where nothing is due, and retrains where it pays."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from matops.adapters.data.dvc_store import DvcStore
from matops.artifacts.model.package import read_card
from matops.families import get_family
from tests.conftest import write_source

if TYPE_CHECKING:
    from tests.conftest import Done, Matops, Released
    from tests.pipelines.conftest import Compiled

FAMILY = "elastic_cgcnn"
PIPELINE = "retrain_on_new_data"


@pytest.fixture
def definition(compiled: dict[str, Compiled]) -> dict[str, Any]:
    """The compiled pipeline."""
    return compiled[PIPELINE].spec


def branch(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """A branch of the pipeline: its condition, and the tasks in it."""
    (task,) = [
        task
        for task in definition["root"]["dag"]["tasks"].values()
        if task["taskInfo"]["name"] == name
    ] or [
        task
        for component in definition["components"].values()
        for task in component.get("dag", {}).get("tasks", {}).values()
        if task["taskInfo"]["name"] == name
    ]
    inside = definition["components"][task["componentRef"]["name"]]["dag"]["tasks"]
    return {"condition": task["triggerPolicy"]["condition"], "tasks": inside}


def test_training_is_the_other_pipeline_itself_behind_the_decision(
    definition: dict[str, Any],
) -> None:
    pays = branch(definition, "pays")
    assert set(pays["tasks"]) == {"train-and-release", "conclude"}
    assert "decide" in pays["condition"]
    assert pays["condition"].endswith("== true")


def test_nothing_to_do_costs_one_step(definition: dict[str, Any]) -> None:
    """On a cluster a step is two pods, ten seconds each."""
    assert len(definition["root"]["dag"]["tasks"]) == 2


def last_run(workspace: Path) -> Path:
    return max((workspace / "runs").glob(f"{PIPELINE}-*"))


def steps(run: Path) -> set[str]:
    return {path.parent.name for path in run.glob("**/executor_output.json")}


def output(run: Path, step: str, name: str) -> dict[str, Any]:
    (path,) = run.glob(f"**/{step}/executor_output.json")
    return json.loads(path.read_text())["artifacts"][name]["artifacts"][0]


class Site:
    """A workspace in which the pipeline is run again and again."""

    def __init__(self, matops: Matops, workspace: Path, options: list[str]) -> None:
        self.matops, self.workspace = matops, workspace
        self.family = (FAMILY, "--preset", "demo")
        self.options = options

    def run(self, *arguments: str | Path) -> tuple[Done, Path]:
        # Runs are named by the second.
        time.sleep(1)
        family = ("--family", *self.family)
        done = self.matops(self.workspace, "run", PIPELINE, *family, *arguments, *self.options)
        return done, last_run(self.workspace)


@pytest.fixture
def site(
    compiled_already: None, matops: Matops, workspace: Path, small_changes: Callable[..., list[str]]
) -> Site:
    few = small_changes(
        training__epochs=12,
        evaluation__champion_tolerance=1.0,
        retraining__new_rows=20,
        retraining__new_share=0.1,
        retraining__cooldown_hours=0,
    )
    return Site(matops, workspace, few)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_retrains_where_new_data_came_and_only_there(
    site: Site, released: Released, tmp_path: Path
) -> None:
    champion = read_card(released.package)
    pointer = (site.workspace / "data.dvc").read_text()
    done, run = site.run()
    assert done.status == 0, done
    assert steps(run) == {"decide"}
    assert f"the champion {champion.version} was trained on these very data" in done.out
    reasons = Path(output(run, "decide", "reasons")["uri"]).read_text()
    assert "**nothing to do: " in reasons
    assert "drift of served samples not measured" in reasons
    assert output(run, "decide", "metrics")["metadata"]["retrain"] == 0
    assert Path(output(run, "decide", "pointer")["uri"]).read_text() == pointer

    source = write_source(tmp_path / "more.json", 200)
    done, run = site.run("--source", source, "--json")
    assert done.status == 0, done
    told = json.loads(done.out)
    assert told["retrain"] is True
    assert {"train", "evaluate", "release", "conclude"} <= steps(run)
    card = read_card(Path(told["outcome"]["package"]))
    assert card.champion == champion.version
    assert card.since_champion is not None
    assert card.since_champion.before == champion.data.version != card.data.version
    added = sum(card.data.rows.values()) - sum(champion.data.rows.values())
    assert (card.since_champion.added, card.since_champion.removed) == (added, 0)
    assert added >= 20
    first_section = Path(told["outcome"]["report"]).read_text().split('id="gates"')[0]
    for words in (champion.data.version, card.data.version, f"{added} rows added since"):
        assert words in first_section
    summary = Path(output(run, "conclude", "summary")["uri"]).read_text()
    assert f"champion {champion.version}: {champion.data.version}; {added} rows added" in summary
    assert f"new data: {card.data.version}, {160 + added} rows" in summary
    assert_had_elsewhere(run, site.workspace, card.data.version, tmp_path)

    done, run = site.run("--source", source, "--json")
    assert done.status == 0, done
    assert json.loads(done.out)["reason"].startswith("nothing to do: the champion")
    assert steps(run) == {"decide"}


def assert_had_elsewhere(run: Path, workspace: Path, version: str, tmp_path: Path) -> None:
    """With the pointer that the run left and the remote, another place has the card's data."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pointers = [
        json.loads(path.read_text())["artifacts"]["pointer"]["artifacts"][0]
        for step in ("decide", "ingest")
        for path in run.glob(f"**/{step}/executor_output.json")
    ]
    assert {pointer["metadata"]["version"] for pointer in pointers} == {version}
    (elsewhere / "data.dvc").write_text(Path(pointers[0]["uri"]).read_text())
    store = DvcStore(elsewhere, str(workspace / ".matops" / "remote"))
    found = store.checkout(get_family(FAMILY))
    assert found is not None
    assert found.version == version


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_rejected_retraining_is_not_repeated_on_the_same_data(
    site: Site, released: Released, tmp_path: Path
) -> None:
    source = write_source(tmp_path / "more.json", 200)
    site.options += ["--set", "limits.mae_K=1e-9", "--set", "training.epochs=1"]
    done, run = site.run("--source", source)
    assert done.status == 1, done
    assert "rejected" in done.out
    assert "reject" in steps(run)
    done, run = site.run("--json")
    assert done.status == 0, done
    told = json.loads(done.out)
    assert told["retrain"] is False
    assert told["outcome"] is None
    assert "tried already, and the model was rejected" in told["reason"]
    assert steps(run) == {"decide"}
    pointer = site.workspace / "models" / FAMILY / "champion.json"
    assert json.loads(pointer.read_text())["version"] == released.package.name
