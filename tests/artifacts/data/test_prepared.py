"""Prepared samples: round trip, split by group, and an honest summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from matops.artifacts.data.dataset import write_part
from matops.artifacts.data.prepared import OwnParts, Prepared, read_prepared, write_prepared
from matops.core.data.record import Record
from matops.core.data.split import Part, SplitConfig
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig

PARTS: tuple[Part, ...] = ("train", "calibration", "test")


def prepare(family: Family, config: FamilyConfig, records: Sequence[Record]) -> Prepared:
    config = replace(config, split=SplitConfig(0.3, 0.3))
    ordered = sorted(records, key=lambda record: record.id)
    features = family.featurize([family.parse(r.payload) for r in ordered], config)
    return Prepared(family, config, "data-1", ordered, features)


@pytest.fixture
def prepared(family: Family, config: FamilyConfig, records: list[Record]) -> Prepared:
    return prepare(family, config, records)


def groups_of(prepared: Prepared, part: Part) -> set[str]:
    return set(prepared.groups[prepared.rows(part).numpy()].tolist())


def test_samples_come_back_as_they_were(tmp_path: Path, prepared: Prepared) -> None:
    write_prepared(tmp_path, prepared)
    found = read_prepared(tmp_path, prepared.family, prepared.config)
    assert found.records == prepared.records
    assert found.version == "data-1"
    assert found.summary() == prepared.summary()
    for name, tensor in prepared.features.flat().items():
        torch.testing.assert_close(found.features.flat()[name], tensor, rtol=0, atol=0)
    batch, again = prepared.features.batch(torch.arange(3)), found.features.batch(torch.arange(3))
    torch.testing.assert_close(batch["edge.neighbour"], again["edge.neighbour"])


def test_every_row_belongs_to_exactly_one_part_and_every_group_too(prepared: Prepared) -> None:
    rows = torch.cat([prepared.rows(part) for part in PARTS])
    assert sorted(rows.tolist()) == list(range(len(prepared.records)))
    groups = [groups_of(prepared, part) for part in PARTS]
    assert all(groups)
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]


def test_polymorphs_of_one_formula_stay_together(
    family: Family, config: FamilyConfig, records: list[Record]
) -> None:
    polymorphs = [replace(r, id=f"x{r.id}", payload=dict(r.payload)) for r in records]
    both = prepare(family, config, [*records, *polymorphs])
    for part in PARTS:
        assert len(both.rows(part)) == 2 * len(groups_of(both, part))


def test_groups_keep_their_part_when_data_is_added(
    family: Family, config: FamilyConfig, records: list[Record]
) -> None:
    before, after = (prepare(family, config, some) for some in (records[:12], records))
    old = {record.group for record in records[:12]}
    for part in PARTS:
        assert groups_of(before, part) == groups_of(after, part) & old


def test_targets_are_logarithms_of_the_labels_in_their_order(prepared: Prepared) -> None:
    scaled = prepared.scaled_targets()["sample"]
    record = prepared.records[4]
    expected = np.log10([record.targets["K_VRH"], record.targets["G_VRH"]])
    np.testing.assert_allclose(scaled[4], expected)
    assert scaled.shape == (len(prepared.records), 2)


def test_summary_counts_rows_groups_sources_and_licences(
    family: Family, config: FamilyConfig, records: list[Record]
) -> None:
    other = replace(records[0].provenance, source="json", engine="VASP", licence="CC BY 4.0")
    mixed = [*records, replace(records[0], id="again", provenance=other)]
    summary = prepare(family, config, mixed).summary()
    assert sum(summary.rows.values()) == len(records) + 1
    assert sum(summary.groups.values()) == len(records)
    assert summary.licences == ("CC BY 4.0", "CC0")
    assert summary.sources == {
        "simulation, pencil, rule of thumb": len(records),
        "json, VASP, rule of thumb": 1,
    }


def test_records_of_another_writing_are_refused_instead_of_mixed_up(
    tmp_path: Path, prepared: Prepared
) -> None:
    write_prepared(tmp_path, prepared)
    write_part(tmp_path, prepared.records[:1], prepared.family.targets)
    with pytest.raises(BadInput, match="22 records, but features of 21"):
        read_prepared(tmp_path, prepared.family, prepared.config)


def test_own_split_is_kept_and_its_torn_groups_counted(tmp_path: Path, prepared: Prepared) -> None:
    records = [replace(record, group="one") for record in prepared.records]
    parts: list[Part] = ["train", *(["test"] * (len(records) - 1))]
    split = replace(prepared.config.split, file="/somewhere/split.csv", fingerprint="aa")
    config = replace(prepared.config, split=split)
    own = replace(prepared, records=records, config=config, own=OwnParts(tuple(parts)))
    write_prepared(tmp_path, own)
    again = read_prepared(tmp_path, prepared.family, config)
    assert again.rows("train").tolist() == [0]
    summary = again.summary().own_split
    assert summary is not None
    assert (summary.file, summary.fingerprint, summary.torn_groups) == ("split.csv", "aa", 1)
    assert "1 groups have rows in several parts" in summary.words
