"""``matops lineage``: from a model to its sources, and from a record to its models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.artifacts.data.dataset import part_paths, read_records
from matops.artifacts.model.package import read_card
from matops.core.data.record import Record
from matops.core.data.split import SplitConfig, assign_part
from matops.families import get_family
from tests.conftest import write_source

if TYPE_CHECKING:
    from tests.conftest import Matops, Released

FAMILY = "elastic_cgcnn"


@pytest.fixture(scope="module")
def records(released: Released) -> list[Record]:
    return list(read_records(released.workspace / "data" / FAMILY, get_family(FAMILY).targets))


@pytest.fixture
def grown(matops: Matops, workspace: Path, tmp_path: Path) -> Path:
    """The released workspace after further alloys came: the model's data are an earlier version."""
    more = write_source(tmp_path / "more.json", 60, seed=3)
    report = json.loads(matops(workspace, "ingest", FAMILY, "--source", more, "--json").out)
    assert report["added"] > 10
    return workspace


def test_a_model_is_traced_to_the_parts_and_sources_it_was_made_of(
    matops: Matops, grown: Path, released: Released
) -> None:
    done = matops(grown, "lineage", released.package.name, "--json")
    assert done.status == 0, done
    told, card = json.loads(done.out), read_card(released.package)
    assert told["card"]["version"] == card.version
    assert told["missing"] == ""
    (part,) = told["parts"]
    assert [part["name"]] == [p.name for p in part_paths(released.workspace / "data" / FAMILY)]
    assert part["rows"] == sum(card.data.rows.values()) == 160
    (origin,) = part["origins"]
    assert origin["rows"] == 160
    assert origin["date"] in done.out
    assert len(part_paths(grown / "data" / FAMILY)) == 2


def test_the_tree_names_model_data_part_and_source(
    matops: Matops, grown: Path, released: Released, records: list[Record]
) -> None:
    done = matops(grown, "lineage", released.package)
    card = read_card(released.package)
    lines = done.out.splitlines()
    (part,) = part_paths(released.workspace / "data" / FAMILY)
    for words in (f"model {card.version} of {FAMILY}", f"data {card.data.version}", part.name):
        assert any(words in line for line in lines), words
    source = records[0].provenance
    assert any("160 rows: " in line and source.source in line for line in lines)


def test_a_record_is_traced_down_to_file_engine_and_method(
    matops: Matops, grown: Path, released: Released, records: list[Record]
) -> None:
    record = records[7]
    done = matops(grown, "lineage", released.package.name, "--record", record.id)
    assert done.status == 0, done
    said = record.provenance
    for word in (record.id, said.origin, said.engine, said.method, said.date, record.group):
        assert word in done.out


def test_a_record_names_the_models_that_hold_it_and_where(
    matops: Matops, grown: Path, released: Released, records: list[Record]
) -> None:
    split = read_card(released.package).configuration["split"]
    places = {}
    for record in records:
        places.setdefault(assign_part(record.group, SplitConfig(**split)), record)
    assert set(places) == {"train", "calibration", "test"}
    for place, record in places.items():
        told = json.loads(matops(grown, "lineage", "--record", record.id, "--json").out)
        (model,) = told["models"]
        assert model["model"] == released.package.name
        assert model["place"] == place
        assert model["data"] == read_card(released.package).data.version != told["published"]
        assert told["record"]["provenance"]["origin"] == record.provenance.origin
        assert told["unknown"] == []
    assert json.loads(matops(grown, "lineage", record.id, "--json").out) == told


def test_a_record_that_came_after_the_model_is_in_none(
    matops: Matops, grown: Path, records: list[Record]
) -> None:
    now = read_records(grown / "data" / FAMILY, get_family(FAMILY).targets)
    late = sorted({record.id for record in now} - {record.id for record in records})
    done = matops(grown, "lineage", late[0])
    assert done.status == 0
    assert "in the data of no released model" in done.out
    assert "in the published data" in done.out
    assert "more.json" in done.out


def test_a_record_that_nobody_has_is_in_nothing(matops: Matops, grown: Path) -> None:
    told = json.loads(matops(grown, "lineage", "0" * 20, "--json").out)
    assert told["record"] is None
    assert (told["published"], told["models"], told["unknown"]) == ("", [], [])


def test_a_model_whose_data_are_gone_says_so_and_is_not_passed_over(
    matops: Matops, workspace: Path, released: Released, records: list[Record]
) -> None:
    (workspace / "data.dvc").unlink()
    for place in (".dvc/cache", ".matops/remote"):
        for listing in (workspace / place).glob("**/*.dir"):
            listing.unlink()
    told = json.loads(matops(workspace, "lineage", "--record", records[0].id, "--json").out)
    assert told["models"] == []
    ((model, reason),) = told["unknown"]
    assert model == f"model {released.package.name}"
    assert read_card(released.package).data.version in reason
    assert "its parts can't be shown" in matops(workspace, "lineage", released.package).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "nobody: neither a package's directory nor a version"),
        ([], "name a package"),
        (["nobody", "--record", "0" * 20], "nobody: neither"),
        (["--record", "nonsense"], "nonsense: no record's id has this form"),
    ],
)
def test_what_is_nothing_is_one_line(
    matops: Matops, workspace: Path, arguments: list[str], words: str
) -> None:
    done = matops(workspace, "lineage", *arguments)
    assert (done.status, done.out) == (2, "")
    assert f"matops: {words}" in done.err


def test_a_record_that_a_model_does_not_hold_is_one_line(
    matops: Matops, workspace: Path, released: Released
) -> None:
    done = matops(workspace, "lineage", released.package.name, "--record", "0" * 20)
    assert (done.status, done.out) == (2, "")
    assert "its data hold no record 00000" in done.err
