"""``matops screen`` as a user meets it: a result, and one line for what can't be done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from matops.artifacts.jsonfile import to_json
from matops.artifacts.package import Golden, write_package
from matops.core.card import Card, DataSummary, DomainSummary, Environment
from matops.core.gate import judge
from tests.screening_toy import RODS, rod_predictor

if TYPE_CHECKING:
    from tests.conftest import Done, Matops, Released


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the toy family, which is then a family like any other."""
    for module in ("matops.families", "matops.artifacts.package"):
        monkeypatch.setattr(f"{module}.get_family", {"rods": RODS}.__getitem__)
    predictor = rod_predictor()
    request = {"rod": {"area": 0.5, "slant": 0.1, "quality": 0.9}}
    domain = predictor.domain
    card = Card(
        schema_version=1,
        family="rods",
        version="",
        created="2026-01-02T03:04:05+00:00",
        targets=RODS.targets,
        data=DataSummary("data-1", {"train": 200}, {"train": 200}, {"made up": 200}, ("CC0",)),
        configuration=json.loads(to_json(predictor.config)),
        environment=Environment("0.1.0", "c0ffee", "3.11", "2", "Linux", "cpu"),
        calibration=predictor.conformal,
        domain=DomainSummary(tuple(domain.tokens), domain.threshold, 0.0, {}),
        measurements={},
        verdict=judge([], {}),
        champion="",
        lineage=(),
        files={},
    )
    golden = Golden((request,), tuple(predictor.predict([request])))
    write_package(tmp_path / "package", card, predictor.ensemble, domain, golden)
    return tmp_path / "package"


def assert_one_line(done: Done, *words: str) -> None:
    assert done.status == 2
    assert done.out == ""
    (line,) = [line for line in done.err.splitlines() if line.startswith("matops: ")]
    assert "Traceback" not in done.err
    assert all(word in line for word in words), line


def test_a_screening_prints_its_best_and_where_they_lie(
    matops: Matops, package: Path, tmp_path: Path
) -> None:
    done = matops(
        tmp_path, "screen", "rods", "--package", package, "--count", "60", "--out", tmp_path / "out"
    )
    assert done.status == 0, done.err
    assert "60 designs:" in done.out
    assert "mean_C (GPa)" in done.out
    for name in ("front.csv", "front.png", "report.html"):
        assert (tmp_path / "out" / name).is_file()
        assert str(tmp_path / "out" / name) in done.out
    assert "60/60" in done.err


def test_json_holds_the_front_and_the_confirmed_designs(
    matops: Matops, package: Path, tmp_path: Path
) -> None:
    arguments = ("screen", "rods", "--package", package, "--count", "60", "--json")
    options = ("--confirm", "3", "--merit", "least_C", "--set", "designs.least=0.4")
    done = matops(tmp_path, *arguments, *options, "--seed", "5")
    assert done.status == 0, done.err
    said = json.loads(done.out)
    assert (said["count"], said["seed"], said["merit"]) == (60, 5, "least_C")
    assert said["configuration"]["least"] == 0.4
    assert len(said["confirmed"]) == 3
    assert [row["inside"] for row in said["confirmed"]][:2] == [True, False]
    assert said["confirmed"][1]["least_C_simulated"] is None
    front = pd.DataFrame(said["front"])
    assert front["area"].min() >= 0.4
    assert front["least_C"].is_monotonic_increasing
    assert set(said["seconds"]) == {"generate", "featurize", "predict", "write"}
    workspace = tmp_path / ".matops" / "screenings" / "rods"
    assert Path(said["files"]["front"]).is_relative_to(workspace)


def test_refused_designs_are_counted_and_fail_nothing(
    matops: Matops, package: Path, tmp_path: Path
) -> None:
    arguments = ("screen", "rods", "--package", package, "--count", "28")
    done = matops(tmp_path, *arguments, "--set", "designs.failure=parse")
    assert done.status == 0
    assert "4 refused" in done.out
    assert "refused:    4 a rod is broken" in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--count", "0"), ("at least one design",)),
        (("--merit", "most"), ("'most'", "mean_C, least_C")),
        (("--set", "training.epochs=5"), ("training.epochs", "designs")),
        (("--set", "designs.thickness=5"), ("no field 'designs.thickness'",)),
        (("--set", "designs.least=thin"), ("designs.least",)),
        (("--seed", "-2"), ("seed", "-2")),
    ],
)
def test_what_makes_no_screening_is_one_line(
    matops: Matops,
    package: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    done = matops(tmp_path, "screen", "rods", "--package", package, "--count", "20", *options)
    assert_one_line(done, *words)


def test_another_screening_in_the_directory_is_one_line(
    matops: Matops, package: Path, tmp_path: Path
) -> None:
    arguments = ("screen", "rods", "--package", package, "--out", tmp_path / "out")
    assert matops(tmp_path, *arguments, "--count", "20").status == 0
    done = matops(tmp_path, *arguments, "--count", "20", "--seed", "1")
    assert_one_line(done, "its seed is 0, not 1", "choose another directory")
    assert_one_line(matops(tmp_path, *arguments, "--count", "10"), "20 designs")


def test_a_package_that_is_none_is_one_line(matops: Matops, package: Path, tmp_path: Path) -> None:
    done = matops(tmp_path, "screen", "rods", "--package", tmp_path / "nowhere", "--count", "20")
    assert_one_line(done, "nowhere", "no such file")
    weights = package / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"xxxx")
    done = matops(tmp_path, "screen", "rods", "--package", package, "--count", "20")
    assert_one_line(done, "weights.safetensors", "SHA-256")


def test_a_family_without_designs_is_one_line(
    matops: Matops, released: Released, tmp_path: Path
) -> None:
    done = matops(tmp_path, "screen", "elastic_cgcnn", "--package", released.package)
    assert_one_line(done, "elastic_cgcnn has no generator of designs")
    assert_one_line(matops(tmp_path, "screen", "stones", "--package", tmp_path), "'stones'")


def test_a_package_of_another_family_is_one_line(
    matops: Matops, package: Path, released: Released, tmp_path: Path
) -> None:
    done = matops(tmp_path, "screen", "rods", "--package", released.package, "--count", "20")
    assert_one_line(done, "a package of elastic_cgcnn, not of rods")
