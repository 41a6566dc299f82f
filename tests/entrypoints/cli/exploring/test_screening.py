"""``matops screen`` as a user meets it: a result, and one line for what can't be done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from matops.artifacts.exploring.screening import join_screening
from matops.core.data.shard import Shard
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.entrypoints.exploring.screening import (
    ScreeningRequest,
    begin_shards,
    make_shard,
    merge_shards,
    screening_directory,
    write_merged,
)
from matops.entrypoints.settings import read_settings
from matops.families import GROUP, get_family
from matops.families import places as real_places
from tests.support.made_up_package import write_made_up
from tests.support.screening_toy import RODS, rod_predictor

if TYPE_CHECKING:
    from tests.conftest import Done, Matops, Released


def family_or_rods(name: str) -> Family:
    return RODS if name == RODS.name else get_family(name)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the toy family, which is then a family like any other."""
    rods = {RODS.name: EntryPoint(RODS.name, "tests.support.screening_toy", GROUP)}
    monkeypatch.setattr("matops.families.places", lambda: real_places() | rods)
    for module in (
        "matops.families",
        "matops.artifacts.model.package",
        "matops.entrypoints.exploring.screening",
    ):
        monkeypatch.setattr(f"{module}.get_family", family_or_rods)
    request = {"rod": {"area": 0.5, "slant": 0.1, "quality": 0.9}}
    write_made_up(tmp_path / "package", rod_predictor(), request)
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
    assert "60 of 60" in done.err


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


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace that is the one of this process."""
    monkeypatch.setenv("MATOPS_WORKSPACE", str(tmp_path / "here"))
    read_settings.cache_clear()
    yield tmp_path / "here"
    read_settings.cache_clear()


def wanted(package: Path, count: int = 1600, **more: Any) -> ScreeningRequest:
    return replace(
        ScreeningRequest("rods", str(package), count, 0, "", 0, {"designs.least": 0.35}), **more
    )


def result_of(directory: Path) -> dict[str, bytes]:
    """Table and front, by file."""
    files = [directory / "front.csv", directory / "confirmed.csv", *(directory / "front").iterdir()]
    parts = sorted((directory / "parts").iterdir())
    table = {part.name: pd.read_parquet(part).to_csv().encode() for part in parts}
    return table | {file.name: file.read_bytes() for file in files}


def test_shards_find_the_front_that_one_piece_finds(
    matops: Matops, package: Path, here: Path, tmp_path: Path
) -> None:
    assert begin_shards(wanted(package), 3) == [0, 1, 2]
    made = [make_shard(wanted(package), Shard(index, 3), 1) for index in (2, 0, 1)]
    assert made == [500, 600, 500]
    merged = merge_shards(wanted(package, confirm=2), 1)
    told = write_merged(merged, tmp_path / "result", tmp_path / "page.html")
    assert told["designs"] == 1600
    assert told["front"] == len(merged.result.front) > 3
    assert told["confirmed"] == 2
    whole = ("screen", "rods", "--package", package, "--count", "1600", "--confirm", "2")
    options = ("--set", "designs.least=0.35", "--out", tmp_path / "whole")
    assert matops(tmp_path, *whole, *options).status == 0
    assert result_of(merged.files.front.parent) == result_of(tmp_path / "whole")
    copied = {path.name for path in (tmp_path / "result").iterdir()}
    assert copied == {"front.csv", "front.png", "confirmed.csv", "front"}
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_shard_makes_its_own_parts_once(package: Path, here: Path) -> None:
    begin_shards(wanted(package), 2)
    parts = screening_directory(wanted(package).screening()) / "parts"
    make_shard(wanted(package), Shard(1, 2), 1)
    made = {path.name: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert sorted(made) == ["part-000001.parquet", "part-000003.parquet"]
    make_shard(wanted(package), Shard(1, 2), 1)
    make_shard(wanted(package), Shard(0, 2), 1)
    assert made.items() <= {path.name: path.stat().st_mtime_ns for path in parts.iterdir()}.items()


def test_there_are_no_shards_without_parts(package: Path, here: Path) -> None:
    assert begin_shards(wanted(package, count=700), 8) == [0, 1]


def test_shards_keep_others_out_and_let_each_other_in(package: Path, here: Path) -> None:
    asked = wanted(package).screening()
    directory = screening_directory(asked)
    with pytest.raises(BadInput, match="holds another screening than that of this shard, or none"):
        make_shard(wanted(package), Shard(0, 2), 1)
    begin_shards(wanted(package), 2)
    with join_screening(directory, asked.plan, Shard(0, 2)):
        make_shard(wanted(package), Shard(1, 2), 1)
        for refused in (
            lambda: make_shard(wanted(package), Shard(0, 2), 1),
            lambda: merge_shards(wanted(package), 1),
        ):
            with pytest.raises(BadInput, match="another screening is running there"):
                refused()
    with pytest.raises(BadInput, match="holds another screening than that of this shard"):
        make_shard(wanted(package, count=900), Shard(0, 2), 1)
