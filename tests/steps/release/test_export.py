"""Exports are read by the libraries of those who read them, and by matops."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from html import unescape
from pathlib import Path
from shutil import copytree
from typing import Any

import mlcroissant
import pytest
from huggingface_hub import ModelCard
from rocrate.rocrate import ROCrate

from matops.artifacts.data.dataset import read_records
from matops.artifacts.jsonfile import write_json
from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import CARD, WEIGHTS, load_checked, read_card, sha256
from matops.artifacts.pages.exchange.publication import Statement
from matops.core.errors import BadInput
from matops.steps.release.export import export_package
from tests.steps.conftest import MemoryStore

STATED = Statement("A. Author", "CC-BY-4.0", "not signed")


@pytest.fixture(scope="module")
def store(world: Any) -> MemoryStore:
    """Has the version that trained the world's model."""
    kept = MemoryStore(world.data.directory)
    kept.parts[world.data.version] = sorted(world.data.directory.glob("*.parquet"))
    return kept


@pytest.fixture(scope="module")
def export(world: Any, store: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the data. Read only."""
    out = tmp_path_factory.mktemp("exported") / "export"
    export_package(world.evaluation / PACKAGE, out, store, STATED, with_data=True)
    return out


def test_the_model_card_has_every_measurement_with_its_unit(world: Any, export: Path) -> None:
    card = ModelCard.load(export / "README.md")
    assert card.data.license == "cc-by-4.0"
    assert card.data.library_name == "matops"
    assert {"elastic_cgcnn", "K_VRH", "G_VRH", world.card.verdict.outcome} <= set(card.data.tags)
    results = {result.metric_name: result for result in card.data.eval_results}
    expected = {f"{name} [{m.unit}]": m for name, m in world.card.measurements.items()}
    assert set(results) == set(expected)
    for name, measured in expected.items():
        assert results[name].metric_value == measured.value
        assert results[name].metric_args["unit"] == measured.unit
        assert results[name].dataset_revision == world.data.version
    for result in world.card.verdict.results:
        assert f"| {result.gate.name} | " in unescape(card.text)
    assert "matops.load(" in card.text
    for target in world.card.properties:
        covered = world.card.measurements[f"{target.name}.coverage"].value
        falls_short = f"- {target.name}: intervals hold for " in card.text
        assert falls_short == (covered < world.card.calibration.coverage)


def test_the_package_in_an_export_is_the_package(world: Any, export: Path) -> None:
    predictor = load_checked(export / "package")
    assert predictor.model_version == world.card.version


def test_croissant_reads_the_records_that_trained_the_model(world: Any, export: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        data = mlcroissant.Dataset(jsonld=export / "croissant.json")
    assert not data.metadata.ctx.issues.errors
    read = {r["records/id"].decode(): r for r in data.records("records")}
    records = list(read_records(world.data.directory, world.family.targets))
    assert len(records) == len(read) > 0
    for record in records:
        row = read[record.id]
        assert row["records/K_VRH"] == record.targets["K_VRH"]
        assert json.loads(row["records/payload"]) == record.payload
        assert row["records/licence"] == b"CC0"
    for part in data.metadata.file_objects:
        assert part.sha256 == sha256(export / part.content_url)
    [bulk] = [f for f in data.metadata.record_sets[0].fields if f.name == "K_VRH"]
    assert bulk.description.endswith("in GPa")
    assert [(a.name, a.value) for a in bulk.annotations] == [("unit", "GPa")]


def test_without_the_data_croissant_has_addresses_in_the_remote(
    world: Any, store: MemoryStore, tmp_path: Path
) -> None:
    export_package(world.evaluation / PACKAGE, tmp_path / "export", store, STATED)
    data = mlcroissant.Dataset(jsonld=tmp_path / "export/croissant.json")
    version = world.data.version
    assert {part.content_url for part in data.metadata.file_objects} == {
        f"memory://{version}/{path.name}" for path in store.parts[version]
    }
    assert not (tmp_path / "export/data").exists()


def test_data_that_cannot_be_had_leaves_croissant_away_and_says_so(
    world: Any, tmp_path: Path
) -> None:
    package, out = world.evaluation / PACKAGE, tmp_path / "export"
    store = MemoryStore(tmp_path / "nothing")
    published = export_package(package, out, store, STATED)
    assert "not known here" in published.missing_data
    assert not (out / "croissant.json").exists()
    assert "no Croissant file describes it" in (out / "README.md").read_text()
    with pytest.raises(BadInput, match="not known here"):
        export_package(package, tmp_path / "other", store, STATED, with_data=True)
    assert not (tmp_path / "other").exists()


def test_the_crate_has_every_file_and_where_the_model_comes_from(world: Any, export: Path) -> None:
    crate = ROCrate(export)
    files = {entity.id: entity for entity in crate.data_entities}
    written = {path.relative_to(export).as_posix() for path in export.rglob("*") if path.is_file()}
    assert set(files) == written - {"ro-crate-metadata.json"}
    for name, entity in files.items():
        assert entity["sha256"] == sha256(export / name)
    root = crate.root_dataset
    assert root["license"].id == "https://spdx.org/licenses/CC-BY-4.0"
    assert root["author"]["name"] == "A. Author"
    training, made_by = crate.get("#training"), world.card.environment
    assert training["instrument"]["softwareVersion"] == made_by.matops
    assert training["instrument"]["version"] == (
        world.card.environment.commit or "commit not known"
    )
    [data] = training["object"]
    assert data["version"] == world.data.version
    assert {entity.id for entity in training["result"]} == {
        f"package/{name}" for name in (CARD, WEIGHTS, "golden.json")
    }


def test_words_of_strangers_stay_words(world: Any, store: MemoryStore, tmp_path: Path) -> None:
    package = Path(copytree(world.evaluation / PACKAGE, tmp_path / "package"))
    card = read_card(package)
    data = replace(card.data, sources={"<script>x</script> | a\n# b, [c](d)": 1})
    write_json(package / CARD, replace(card, data=data))
    export_package(package, tmp_path / "export", store, STATED)
    text = (tmp_path / "export/README.md").read_text()
    assert "<script>" not in text
    assert "| &lt;script&gt;x&lt;/script&gt; \\| a # b, \\[c\\](d) | 1 |" in text


def test_an_export_never_overwrites(world: Any, store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export/mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="not an empty directory"):
        export_package(world.evaluation / PACKAGE, tmp_path / "export", store, STATED)
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["mine.txt"]
