"""Dataset parts: named by their content, immutable, and read in the right units only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matops.artifacts.data.dataset import part_paths, read_records, record_ids, write_part
from matops.core.data.record import Record
from matops.core.data.target import Target
from matops.core.errors import BadInput
from matops.core.family import Family


def test_records_come_back_as_they_were(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    write_part(tmp_path, records, family.targets)
    found = list(read_records(tmp_path, family.targets))
    assert found == sorted(records, key=lambda record: record.id)


def test_same_rows_in_any_order_are_the_same_file(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    first = write_part(tmp_path / "a", records, family.targets)
    second = write_part(tmp_path / "b", records[::-1], family.targets)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("what", ["label", "payload", "group", "date"])
def test_any_other_content_has_another_name(
    tmp_path: Path, family: Family, records: list[Record], what: str
) -> None:
    first = records[0]
    changed = {
        "label": replace(first, targets={**first.targets, "K_VRH": 151.0}),
        "payload": replace(first, payload={"crystal": {}}),
        "group": replace(first, group="other"),
        "date": replace(first, provenance=replace(first.provenance, date="2030-01-01")),
    }[what]
    before = write_part(tmp_path, records, family.targets)
    after = write_part(tmp_path, [changed, *records[1:]], family.targets)
    assert after.name != before.name


def test_appending_leaves_older_parts_untouched(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    old = write_part(tmp_path, records[:9], family.targets)
    content = old.read_bytes()
    new = write_part(tmp_path, records[9:], family.targets)
    assert part_paths(tmp_path) == sorted([old, new])
    assert old.read_bytes() == content
    assert record_ids(tmp_path) == {record.id for record in records}
    assert len(list(read_records(tmp_path, family.targets))) == len(records)


def test_unfinished_part_is_not_part_of_the_dataset(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    path = write_part(tmp_path, records, family.targets)
    path.rename(path.with_suffix(".unfinished"))
    assert part_paths(tmp_path) == []
    assert record_ids(tmp_path) == set()


def test_missing_directory_is_an_empty_dataset(tmp_path: Path, family: Family) -> None:
    assert list(read_records(tmp_path / "none", family.targets)) == []


def test_column_in_another_unit_is_refused_with_both_units(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    in_kbar = tuple(replace(target, unit="kbar") for target in family.targets)
    path = write_part(tmp_path, records, in_kbar)
    with pytest.raises(BadInput, match=f"{path.name}: K_VRH is in 'kbar', not in 'GPa'"):
        list(read_records(tmp_path, family.targets))


def test_column_without_a_unit_is_refused(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    path = write_part(tmp_path, records, family.targets)
    table = pq.read_table(path)
    bare = pa.schema([field.remove_metadata() for field in table.schema])
    pq.write_table(table.cast(bare), path)
    with pytest.raises(BadInput, match="K_VRH is in ''"):
        list(read_records(tmp_path, family.targets))


def test_missing_target_is_refused_by_name(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    write_part(tmp_path, records, family.targets[:1])
    with pytest.raises(BadInput, match="no column G_VRH"):
        list(read_records(tmp_path, family.targets))


def test_labels_keep_every_bit(tmp_path: Path, records: list[Record]) -> None:
    target = Target("x", "1", "")
    values = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308]
    rows = [replace(r, targets={"x": v}) for r, v in zip(records, values, strict=False)]
    write_part(tmp_path, rows, (target,))
    found = {r.id: r.targets["x"] for r in read_records(tmp_path, (target,))}
    assert found == {row.id: row.targets["x"] for row in rows}
