"""``matops study`` as a user meets it: its list, its result, its refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import torch

from matops.core.exploring.study import Study, Variant
from matops.families import get_family
from tests.conftest import write_source

if TYPE_CHECKING:
    from tests.conftest import Done, Matops

FAMILY = "elastic_cgcnn"
SMALL = (
    "--folds=2",
    "--members=1",
    "--set=training.epochs=2",
    "--set=network.atom_fea_len=8",
    "--set=network.h_fea_len=8",
    "--set=network.n_conv=1",
)


@pytest.fixture(autouse=True)
def _restore_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def alloys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(tmp_path_factory.mktemp("source") / "alloys.json", 24)


def assert_one_line(done: Done, *words: str) -> None:
    assert done.status == 2
    assert done.out == ""
    [line] = done.err.splitlines()
    assert line.startswith("matops: ")
    assert all(word in line for word in words), line


def test_studies_of_a_family_are_listed_with_their_questions(
    matops: Matops, tmp_path: Path
) -> None:
    done = matops(tmp_path, "study", FAMILY)
    assert done.status == 0
    assert "training_size  What would more crystals bring?" in done.out
    listed = json.loads(matops(tmp_path, "study", FAMILY, "--json").out)
    assert [study["name"] for study in listed] == ["training_size", "ablation"]
    assert "released" in listed[1]["variants"]


def test_a_study_leaves_its_result_and_the_same_again_trains_nothing(
    matops: Matops, alloys: Path, tmp_path: Path
) -> None:
    command = ("study", FAMILY, "training_size", "--source", alloys, *SMALL)
    first = matops(tmp_path, *command, "--json")
    assert first.status == 0, first
    said = json.loads(first.out)
    assert [r["variant"]["label"] for r in said["results"]] == [
        "an eighth",
        "a quarter",
        "half",
        "all",
    ]
    assert all(r["members"] == 1 for r in said["results"])
    out = tmp_path / ".matops/studies" / FAMILY / "training_size"
    assert said["files"]["csv"] == str(out / "table.csv")
    assert (out / "plot.png").is_file()
    kept = out.parent / "trainings"
    trainings = sorted(kept.iterdir())
    before = [path.stat().st_mtime_ns for path in trainings]
    again = matops(tmp_path, *command)
    assert "\nAll targets\n" in again.out
    assert [path.stat().st_mtime_ns for path in trainings] == before
    assert sorted(kept.iterdir()) == trainings


def test_chosen_variants_of_the_versioned_data_in_a_chosen_directory(
    matops: Matops, alloys: Path, tmp_path: Path
) -> None:
    assert matops(tmp_path, "ingest", FAMILY, "--source", alloys).status == 0
    command = ("study", FAMILY, "ablation", "--only", "released", "--only", "as published")
    done = matops(tmp_path, *command, "--out", tmp_path / "here", *SMALL, "--members", "2")
    assert done.status == 0, done
    table = pd.read_csv(tmp_path / "here" / "table.csv")
    assert list(dict.fromkeys(table["variant"])) == ["as published", "released"]
    assert set(table["members"]) == {2}


def test_more_draws_are_asked_where_only_some_groups_train(
    matops: Matops, alloys: Path, tmp_path: Path
) -> None:
    command = ("study", FAMILY, "training_size", "--source", alloys, *SMALL, "--draws", "2")
    results: list[Any] = json.loads(matops(tmp_path, *command, "--json").out)["results"]
    assert [r["draws"] for r in results] == [2, 2, 2, 1]


def test_bad_records_are_named_and_the_others_used(
    matops: Matops, alloys: Path, tmp_path: Path
) -> None:
    rows = json.loads(alloys.read_text())
    rows[3]["K_VRH"] = -5.0
    (tmp_path / "some_bad.json").write_text(json.dumps(rows))
    command = ("study", FAMILY, "ablation", "--only", "released", *SMALL)
    done = matops(tmp_path, *command, "--source", tmp_path / "some_bad.json")
    assert done.status == 2
    assert "some_bad.json" in done.err
    assert "not physical" in done.err
    assert "23 samples" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing",), ("no family is called 'nothing'",)),
        ((FAMILY, "nothing"), (f"{FAMILY} has no study 'nothing'", "training_size, ablation")),
        ((FAMILY, "ablation", "--only", "x"), ("study ablation has no variant 'x'", "released")),
        ((FAMILY, "ablation", "--set", "training.nothing=1"), ("no field 'training.nothing'",)),
        ((FAMILY, "ablation", "--init-from", "x"), ("no chosen variant", "ablation", "x")),
        (
            (FAMILY, "ablation", "--set", "training.epochs=many"),
            ("variant 'as published' of study ablation", "training.epochs"),
        ),
        ((FAMILY, "ablation"), (f"{FAMILY} has no data here yet",)),
    ],
)
def test_what_can_not_be_is_one_line(
    matops: Matops, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_one_line(matops(tmp_path, "study", *arguments), *words)


def test_more_folds_than_groups_is_one_line(matops: Matops, alloys: Path, tmp_path: Path) -> None:
    done = matops(
        tmp_path, "study", FAMILY, "ablation", "--source", alloys, *SMALL, "--folds", "500"
    )
    assert (done.status, done.out) == (2, "")
    assert "500 folds can't be made of" in done.err


def test_a_transfer_variant_asks_for_the_package_it_starts_from(
    matops: Matops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study("transfer", "Does it help?", (Variant("from gold", transfer=True),))
    monkeypatch.setattr(type(get_family(FAMILY)), "studies", (study,))
    done = matops(tmp_path, "study", FAMILY, "transfer")
    assert_one_line(done, "variant 'from gold' of study transfer", "--init-from")
    done = matops(tmp_path, "study", FAMILY, "transfer", "--init-from", "nowhere")
    assert_one_line(done, "nowhere: neither a package's directory nor a version")
