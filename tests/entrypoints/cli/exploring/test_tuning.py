"""``matops tune`` as a user meets it: its result, its preset file, its refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import kubernetes_validate
import pytest
import torch
import yaml

from tests.conftest import write_source
from tests.support.schemas import KUBERNETES

if TYPE_CHECKING:
    from tests.conftest import Done, Matops

FAMILY = "elastic_cgcnn"
SPACE = """
preset = "demo"
changes = {"network.atom_fea_len" = 8, "network.h_fea_len" = 8, "training.epochs" = 2}
[fields."training.learning_rate"]
low = 1e-4
high = 1e-2
log = true
[fields."network.n_conv"]
values = [1, 2, 3]
"""


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SPACE)
    return path


def assert_one_line(done: Done, *words: str) -> None:
    assert done.status == 2
    assert done.out == ""
    [line] = done.err.splitlines()
    assert line.startswith("matops: ")
    assert all(word in line for word in words), line


def test_a_search_leaves_a_preset_that_other_commands_take(
    matops: Matops, tmp_path: Path, space: Path
) -> None:
    alloys = write_source(tmp_path / "alloys.json", 80)
    command = ("tune", FAMILY, "--space", space, "--source", alloys, "--trials", "3")
    first = matops(tmp_path, *command, "--folds", "2", "--workers", "1", "--json")
    assert first.status == 0, first
    said = json.loads(first.out)
    place = tmp_path / ".matops/tuning" / FAMILY / "mine"
    assert said["directory"] == str(place)
    assert [trial["number"] for trial in said["trials"]] == [0, 1, 2]
    assert said["best"]["error"] == min(t["error"] for t in said["trials"] if t["error"])
    again = matops(tmp_path, *command, "--folds", "2", "--workers", "1")
    assert again.status == 0, again
    assert "on rows that no trial has seen" in again.out or "than the preset" in again.out
    assert json.loads((place / "result.json").read_text())["trials"] == said["trials"]
    assert (place / "report.html").read_text().count("<svg") == 2  # too few for importances

    assert matops(tmp_path, "ingest", FAMILY, "--source", alloys).status == 0
    preset = said["preset"]
    run = matops(tmp_path, "train", FAMILY, "--preset", preset, "--out", tmp_path / "run")
    assert run.status == 0, run
    asked = json.loads((tmp_path / "run/request.json").read_text())
    assert asked["preset"] == "demo"
    changes = json.loads(asked["changes"])
    assert changes["network.n_conv"] == said["best"]["values"]["network.n_conv"]
    assert changes["training.epochs"] == 2
    other = matops(tmp_path, "train", "nanoporous_cnn3d", "--preset", preset, "--out", tmp_path)
    assert_one_line(other, "a preset of elastic_cgcnn, not of nanoporous_cnn3d")

    seed = matops(tmp_path, *command, "--folds", "2", "--seed", "1")
    assert seed.status == 2
    assert "differs in seed; give this one a name of its own with --study" in seed.err


def test_what_makes_no_sense_is_refused_in_one_line(
    matops: Matops, tmp_path: Path, space: Path
) -> None:
    tune = ("tune", FAMILY, "--space")
    assert_one_line(matops(tmp_path, *tune, "no"), "no space 'no'; there are: network, or a file")
    assert_one_line(matops(tmp_path, *tune, "no.toml"), "no.toml")
    space.write_text(SPACE.replace("[1, 2, 3]", '[1, "many"]'))
    assert_one_line(matops(tmp_path, *tune, space), 'network.n_conv = "many"', "valid integer")
    space.write_text(SPACE.replace("network.n_conv", "network.layers"))
    assert_one_line(matops(tmp_path, *tune, space), "network.layers = 1", "no field")
    space.write_text(SPACE)
    held = matops(tmp_path, *tune, space, "--set", "network.n_conv=1")
    assert_one_line(held, "--set network.n_conv: the search changes it")
    folds = matops(tmp_path, *tune, space, "--folds", "3", "--held-out", "4")
    assert_one_line(folds, "not 4 of 3")


def test_a_single_trial_prints_its_error_as_katib_reads_it(
    matops: Matops, tmp_path: Path, space: Path
) -> None:
    alloys = write_source(tmp_path / "alloys.json", 40)
    command = ("tune", FAMILY, "--space", space, "--source", alloys, "--folds", "2")
    values = ("--trial=training.learning_rate=0.003", "--trial=network.n_conv=2")
    done = matops(tmp_path, *command, *values)
    assert done.status == 0, done
    lines = done.out.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("error=") and float(line.removeprefix("error=")) for line in lines)
    outside = matops(tmp_path, *command, values[0], "--trial=network.n_conv=9")
    assert (outside.status, "network.n_conv = 9: not in the space" in outside.err) == (2, True)
    half = matops(tmp_path, *command, values[0])
    assert (half.status, "look at network.n_conv" in half.err) == (2, True)


def test_an_experiment_of_katib_is_the_same_space(
    matops: Matops, tmp_path: Path, space: Path
) -> None:
    done = matops(tmp_path, "tune", FAMILY, "--space", space, "--trials", "12", "--katib")
    assert done.status == 0, done
    manifest = yaml.safe_load(done.out)
    assert (manifest["apiVersion"], manifest["kind"]) == ("kubeflow.org/v1beta1", "Experiment")
    spec = manifest["spec"]
    assert spec["maxTrialCount"] == 12
    rate, layers = spec["parameters"]
    assert rate["parameterType"] == "double"
    assert rate["feasibleSpace"] == {"min": "0.0001", "max": "0.01", "distribution": "logUniform"}
    assert (layers["parameterType"], layers["feasibleSpace"]) == (
        "categorical",
        {"list": ["1", "2", "3"]},
    )
    template = spec["trialTemplate"]
    job = template["trialSpec"]
    assert job["kind"] == "Job"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["name"] == template["primaryContainerName"]
    references = {parameter["reference"] for parameter in template["trialParameters"]}
    assert references == {parameter["name"] for parameter in spec["parameters"]}
    last = container["command"][-1]
    assert last == "--trial=network.n_conv=${trialParameters.network-n-conv}"
    kubernetes_validate.validate({"metadata": {"name": "t"}, **job}, KUBERNETES, strict=True)
