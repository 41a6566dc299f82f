"""Steps with their adapters joined on: what pods and the command line both call."""

from __future__ import annotations

import csv
import json
import shutil
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matops.adapters.data.dvc_store import DvcStore
from matops.artifacts.data.dataset import read_records, record_ids
from matops.artifacts.data.prepared import read_prepared
from matops.core.errors import BadInput
from matops.core.quality.card import DataSummary
from matops.entrypoints.configuration import family_config
from matops.entrypoints.data.ingestion import current_data, ingest_source, version_at_hand
from matops.entrypoints.data.own_split import split_of, with_split
from matops.entrypoints.learning.workflow import prepare_samples
from matops.families import get_family
from tests.conftest import call_matops

if TYPE_CHECKING:
    from tests.conftest import Released

FAMILY = "elastic_cgcnn"
SPLIT = json.dumps({"split.calibration": 0.2, "split.test": 0.25, "evaluation.coverage": 0.8})


def test_without_a_source_the_present_data_is_handed_on(here: Path, tmp_path: Path) -> None:
    data = ingest_source(FAMILY, "demo", "", "{}", tmp_path / "data.dvc")
    assert data == current_data(get_family(FAMILY))


def test_a_version_is_read_where_nobody_adds_to_it(here: Path) -> None:
    data = current_data(get_family(FAMILY))
    with version_at_hand(data.version) as parts:
        copied = {path.name: path.read_bytes() for path in parts.iterdir()}
        assert data.directory not in (parts, *parts.parents)
    assert copied == {path.name: path.read_bytes() for path in data.directory.iterdir()}
    assert not parts.exists()


def test_a_version_that_nobody_knows_is_named(here: Path) -> None:
    with pytest.raises(BadInput, match="abcdef0: no such version"), version_at_hand("abcdef0"):
        pass


def test_ingested_records_carry_the_day(empty: Path, released: Released, tmp_path: Path) -> None:
    data = ingest_source(FAMILY, "demo", str(released.source), "{}", tmp_path / "data.dvc")
    records = list(read_records(data.directory, get_family(FAMILY).targets))
    assert len(records) == 160
    assert all(len(record.provenance.date) == len("2026-01-31") for record in records)


def test_without_data_the_way_to_some_is_named(empty: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="matops ingest elastic_cgcnn"):
        ingest_source(FAMILY, "demo", "", "{}", tmp_path / "data.dvc")


def test_changes_that_are_no_json_are_named(here: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="epochs=3"):
        ingest_source(FAMILY, "demo", "", "epochs=3", tmp_path / "data.dvc")


@pytest.mark.parametrize("changes", ["[1]", "3", "null", '"epochs"'])
def test_changes_that_are_no_object_are_named(here: Path, tmp_path: Path, changes: str) -> None:
    with pytest.raises(BadInput):
        ingest_source(FAMILY, "demo", "", changes, tmp_path / "data.dvc")


def test_samples_are_prepared_once_for_a_version(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = current_data(get_family(FAMILY))
    told, logs = [], []
    for name in ("first", "second"):
        arguments = (data.directory, data.version, tmp_path / name)
        told.append(prepare_samples(FAMILY, "demo", SPLIT, *arguments))
        logs.append(capsys.readouterr().err)
    assert told[0] == told[1]
    assert sum(told[0][part] for part in ("train", "calibration", "test")) == 160
    assert "from cache" in logs[1]
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    )
    assert first == second


def test_data_ingested_without_git_can_be_had_elsewhere_from_the_pointer(
    empty: Path, released: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert shutil.which("git") is None
    pointer = tmp_path / "data.dvc"
    data = ingest_source(FAMILY, "demo", str(released.source), "{}", pointer)
    assert not list(empty.rglob(".git"))
    pod = DvcStore(tmp_path / "pod", str(empty / ".matops" / "remote"))
    pod.workspace.mkdir()
    shutil.move(pointer, pod.workspace)
    found = pod.checkout(get_family(FAMILY))
    assert found is not None
    assert found.version == data.version
    assert record_ids(found.directory) == record_ids(data.directory)


def test_own_split_decides_and_is_told_from_another(here: Path, tmp_path: Path) -> None:
    """As printed, with the calibration and the test rows exchanged."""
    printed = call_matops(here, "data", "split", FAMILY, "--preset", "demo")
    assert printed.status == 0, printed
    rows = list(csv.DictReader(StringIO(printed.out)))
    turned = {"train": "train", "calibration": "test", "test": "calibration"}
    file = tmp_path / "split.json"
    file.write_text(json.dumps({row["id"]: turned[row["part"]] for row in rows}))
    data = current_data(get_family(FAMILY))

    def prepare(name: str) -> DataSummary:
        changes = with_split({"evaluation.coverage": 0.8}, str(file))
        arguments = (data.directory, data.version, tmp_path / name)
        prepare_samples(FAMILY, "demo", json.dumps(changes), *arguments)
        family, config = family_config(FAMILY, "demo", json.dumps(changes))
        prepared = read_prepared(tmp_path / name, family, config)
        ids = [prepared.records[row].id for row in prepared.rows("test").tolist()]
        by_id = json.loads(file.read_text())
        assert ids == [record.id for record in prepared.records if by_id[record.id] == "test"]
        return prepared.summary()

    before = prepare("own")
    assert before.rows["test"] == sum(row["part"] == "calibration" for row in rows)
    assert before.own_split is not None
    assert before.own_split.torn_groups == 0
    stale = with_split({}, str(file))
    by_id = json.loads(file.read_text())
    moved = next(row["id"] for row in rows if by_id[row["id"]] != "train")
    file.write_text(json.dumps(by_id | {moved: "train"}))
    with pytest.raises(BadInput, match="it was changed; name it with --split"):
        split_of(family_config(FAMILY, "demo", json.dumps(stale))[1].split)
    after = prepare("changed").own_split
    assert after is not None
    assert after.fingerprint != before.own_split.fingerprint
    assert with_split({}, str(file))["split.fingerprint"] == after.fingerprint
    file.write_text(json.dumps({row["id"]: row["part"] for row in rows[1:]}))
    with pytest.raises(BadInput, match="1 of 160 records have no part, the first being"):
        prepare("short")
