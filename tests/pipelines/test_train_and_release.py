"""The pipeline as compiled, and the same YAML run here to acceptance, rejection and failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from matops.entrypoints.pipelines.images import step_images
from matops.entrypoints.settings import Settings
from tests.conftest import COMMIT
from tests.support.own_splits import check_went_by, turned_split

if TYPE_CHECKING:
    from tests.conftest import Matops, Released
    from tests.pipelines.conftest import Compiled

FAMILY = "elastic_cgcnn"
STEPS = {"ingest", "preprocess", "train", "evaluate", "release", "reject"}


@pytest.fixture
def definition(compiled: dict[str, Compiled]) -> dict[str, Any]:
    """The compiled pipeline."""
    return compiled["train_and_release"].spec


def tasks(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task of the pipeline and of its branches."""
    dags = [definition["root"]["dag"]]
    dags += [c["dag"] for c in definition["components"].values() if "dag" in c]
    for dag in dags:
        yield from dag["tasks"].items()


def container(definition: dict[str, Any], step: str) -> dict[str, Any]:
    return definition["deploymentSpec"]["executors"][f"exec-{step}"]["container"]


def parameter_behind(definition: dict[str, Any], text: str) -> str:
    """The pipeline parameter that a placeholder of the training step stands for."""
    named = text.removeprefix("{{$.inputs.parameters['").removesuffix("']}}")
    assert named != text, text
    given = definition["root"]["dag"]["tasks"]["train"]["inputs"]["parameters"][named]
    return given["componentInputParameter"]


def test_every_step_runs_in_an_image(definition: dict[str, Any]) -> None:
    images = {step: container(definition, step)["image"] for step in STEPS}
    assert len(definition["deploymentSpec"]["executors"]) == len(STEPS)
    del images["train"]
    assert set(images.values()) == {step_images(Settings(commit=COMMIT), for_platform=True).steps}


def test_image_and_resources_of_training_are_pipeline_parameters(
    definition: dict[str, Any],
) -> None:
    train = container(definition, "train")
    resources = train["resources"]
    found = {
        "image": train["image"],
        "type": resources["accelerator"]["resourceType"],
        "count": resources["accelerator"]["resourceCount"],
        "cpu": resources["resourceCpuLimit"],
        "memory": resources["resourceMemoryLimit"],
    }
    assert {what: parameter_behind(definition, text) for what, text in found.items()} == {
        "image": "train_image",
        "type": "train_accelerator",
        "count": "train_gpus",
        "cpu": "train_cpu",
        "memory": "train_memory",
    }


def test_only_training_asks_for_an_accelerator(definition: dict[str, Any]) -> None:
    asking = {s for s in STEPS if "accelerator" in container(definition, s).get("resources", {})}
    assert asking == {"train"}


def test_steps_use_the_image_as_it_is(definition: dict[str, Any]) -> None:
    for step in STEPS:
        assert "pip install" not in " ".join(container(definition, step)["command"])


def test_release_waits_for_acceptance_and_reject_for_the_opposite(
    definition: dict[str, Any],
) -> None:
    conditions = {
        task["taskInfo"]["name"]: task["triggerPolicy"]["condition"]
        for _, task in tasks(definition)
        if "triggerPolicy" in task
    }
    assert conditions["accepted"].endswith("== true")
    assert conditions["rejected"] == f"!({conditions['accepted']})"


def outputs_of(run: Path, step: str) -> dict[str, Any]:
    """Artifacts that a step of a local run handed over, by name."""
    (path,) = run.glob(f"*/{step}/executor_output.json")
    artifacts = json.loads(path.read_text()).get("artifacts", {})
    return {name: found["artifacts"][0] for name, found in artifacts.items()}


def only_run(workspace: Path) -> Path:
    (run,) = (workspace / "runs").iterdir()
    return run


def champion(workspace: Path) -> dict[str, str]:
    return json.loads((workspace / "models" / FAMILY / "champion.json").read_text())


@pytest.mark.slow
def test_an_accepted_model_is_released(
    matops: Matops,
    released: Released,
    small_changes: Callable[..., list[str]],
    tmp_path: Path,
) -> None:
    arguments = ("--preset", "demo", "--source", released.source, *small_changes())
    done = matops(tmp_path, "run", "train_and_release", "-f", FAMILY, *arguments, "--json")
    assert done.status == 0, done
    answer = json.loads(done.out)
    assert answer["accepted"] is True
    assert champion(tmp_path) == {"version": answer["version"], "previous": ""}
    run = only_run(tmp_path)
    assert outputs_of(run, "evaluate")["metrics"]["metadata"]["accepted"] == 1
    assert outputs_of(run, "release")["package"]["metadata"] == {"version": answer["version"]}
    parity = Path(outputs_of(run, "evaluate")["parity"]["uri"]).read_text()
    # K and G, and what follows from both: Young's modulus, Poisson's and Pugh's ratio.
    assert parity.count("<svg") == 5
    assert "predicted K_VRH" in parity
    assert not list(run.glob("*/reject"))
    # The same data, configuration and seed give the same weights, pipeline or not.
    assert answer["version"] == released.package.name


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_already")
def test_a_rejected_model_leaves_the_champion_alone_and_is_visible(
    matops: Matops, workspace: Path, small_changes: Callable[..., list[str]]
) -> None:
    before = champion(workspace)
    arguments = ("--preset", "demo", *small_changes(limits__mae_K=1e-9))
    done = matops(workspace, "run", "train_and_release", "-f", FAMILY, *arguments)
    assert done.status == 1, done
    assert "rejected: 1 gates failed" in done.out
    assert champion(workspace) == before
    run = only_run(workspace)
    metrics = outputs_of(run, "evaluate")["metrics"]["metadata"]
    assert metrics["accepted"] == 0
    assert metrics["K_VRH.mae [log10(GPa)]"] > 1e-9
    rejection = outputs_of(run, "reject")
    assert rejection["metrics"]["metadata"] == {"rejected": 1, "failed_gates": 1}
    for markdown in (rejection["reasons"], outputs_of(run, "evaluate")["verdict"]):
        assert r"| **FAIL** | K\_VRH error |" in Path(markdown["uri"]).read_text()
    assert not list(run.glob("*/release"))


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_already")
def test_a_users_own_split_decides_a_whole_run(
    matops: Matops, workspace: Path, small_changes: Callable[..., list[str]], tmp_path: Path
) -> None:
    by_id = turned_split(workspace, *small_changes())
    file = tmp_path / "split.csv"
    file.write_text("id,part\n" + "".join(f"{name},{part}\n" for name, part in by_id.items()))
    arguments = ("--preset", "demo", *small_changes(), "--split", file)
    done = matops(workspace, "run", "train_and_release", "-f", FAMILY, *arguments, "--json")
    assert done.status == 0, done
    check_went_by(only_run(workspace), by_id, file.name)
    version = json.loads(done.out)["version"]
    lineage = matops(workspace, "lineage", workspace / "models" / FAMILY / version)
    assert f"The split is the user's own: {file.name}" in lineage.out


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_already")
def test_a_failing_step_is_one_line_that_says_why(
    matops: Matops, workspace: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere"
    done = matops(
        workspace, "run", "train_and_release", "-f", FAMILY, "--preset", "demo", "--source", missing
    )
    assert done.status == 2
    assert f"matops: {missing}: no such file or directory" in done.err.splitlines()
    assert "Traceback" not in done.err + done.out
