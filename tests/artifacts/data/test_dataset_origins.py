"""Where rows come from, and what came and went between versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matops.artifacts.data.comparison import compare_datasets
from matops.artifacts.data.dataset import count_rows, write_part
from matops.artifacts.data.dataset_origins import count_origins, find_record
from matops.core.data.record import Record
from matops.core.family import Family


def stated(record: Record, **changes: str) -> Record:
    return replace(record, provenance=replace(record.provenance, **changes))


def test_origins_are_counted_part_by_part_most_first(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    mixed = [stated(r, method="eam") for r in records[:2]] + records[2:7]
    write_part(tmp_path, mixed, family.targets)
    write_part(tmp_path, [stated(records[8], date="2026-05-06")], family.targets)
    found = sorted(count_origins(tmp_path), key=lambda part: -part.rows)
    assert [part.rows for part in found] == [7, 1]
    assert [(o.method, o.rows) for o in found[0].origins] == [("rule of thumb", 5), ("eam", 2)]
    assert [(o.engine, o.date) for o in found[1].origins] == [("pencil", "2026-05-06")]


def test_a_record_is_found_with_its_part_and_source(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    write_part(tmp_path, records[:3], family.targets)
    part = write_part(tmp_path, [stated(records[4], origin="a.json: row 3")], family.targets)
    found = find_record(tmp_path, records[4].id, family.targets)
    assert found is not None
    assert (found.part, found.group) == (part.name, records[4].group)
    assert found.provenance.origin == "a.json: row 3"
    assert found.targets == records[4].targets
    assert find_record(tmp_path, records[9].id, family.targets) is None


def rows_between(before: Path, after: Path) -> tuple[int, int]:
    found = compare_datasets(before, after)
    return found.came.rows, found.went.rows


def test_rows_that_came_and_went_do_not_depend_on_how_parts_are_cut(
    tmp_path: Path, family: Family, records: list[Record]
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for few in (records[:4], records[4:9]):
        write_part(before, few, family.targets)
    write_part(after, records[:4], family.targets)
    write_part(after, records[5:12], family.targets)
    assert (count_rows(before), count_rows(after)) == (9, 11)
    assert rows_between(before, after) == (3, 1)
    assert rows_between(after, before) == (1, 3)
    assert rows_between(before, before) == (0, 0)
