"""A screening's directory: one screening, one writer, whole parts with units."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matops.artifacts.exploring.screening import (
    Plan,
    missing_parts,
    open_screening,
    part_path,
    part_schema,
    read_parts,
    write_part,
)
from matops.core.errors import BadInput
from tests.support.killed_write import killed_write
from tests.support.screening_toy import RODS

PLAN = Plan("rods", "rods-1", 0, {"least": 0.1}, count=25, part_size=10)
SCHEMA = part_schema(RODS.targets, RODS.objectives)


def write(directory: Path, designs: range, plan: Plan = PLAN) -> Path:
    path = part_path(directory, plan, designs)
    rows = [{"index": index, "area": 0.5, "out_of_domain": False} for index in designs]
    write_part(path, rows, SCHEMA, {"generate": 2.0, "write": 1.0})
    return path


def test_parts_cover_every_design_once() -> None:
    assert PLAN.parts == [range(10), range(10, 20), range(20, 25)]
    assert [i for part in PLAN.parts for i in part] == list(range(25))


def test_a_part_is_missing_until_it_has_all_its_designs(tmp_path: Path) -> None:
    with open_screening(tmp_path, PLAN):
        assert missing_parts(tmp_path, PLAN) == PLAN.parts
        write(tmp_path, range(10))
        write(tmp_path, range(20, 25))
        assert missing_parts(tmp_path, PLAN) == [range(10, 20)]
        assert missing_parts(tmp_path, replace(PLAN, count=28)) == [range(10, 20), range(20, 28)]


def test_columns_say_their_units_and_refused_designs_leave_them_empty(tmp_path: Path) -> None:
    with open_screening(tmp_path, PLAN):
        path = part_path(tmp_path, PLAN, range(10))
        write_part(path, [{"index": 3, "refused": "broken"}], SCHEMA, {"write": 0.0})
    schema = pq.read_schema(path)
    units = {name: (schema.field(name).metadata or {}).get(b"unit") for name in schema.names}
    assert units["area"] == b"1"
    assert {units[name] for name in ("mean_C", "C_x", "C_x_lower", "C_y_upper")} == {b"GPa"}
    (row,) = pq.read_table(path).to_pylist()
    assert row.pop("index") == 3
    assert row.pop("refused") == "broken"
    assert set(row.values()) == {None}


def test_parts_are_read_in_order_with_their_seconds(tmp_path: Path) -> None:
    with open_screening(tmp_path, PLAN):
        for part in reversed(PLAN.parts):
            write(tmp_path, part)
        read = list(read_parts(tmp_path, PLAN))
    assert [i for rows, _ in read for i in rows["index"]] == list(range(25))
    assert all(seconds["generate"] == 2.0 for _, seconds in read)
    assert all(1.0 < seconds["write"] < 2.0 for _, seconds in read)


def test_a_part_that_is_killed_at_its_last_moment_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with open_screening(tmp_path, PLAN):
        before = write(tmp_path, range(10)).read_bytes()
        monkeypatch.setattr(Path, "replace", killed)
        for part in PLAN.parts:
            with pytest.raises(KeyboardInterrupt):
                write(tmp_path, part)
        assert missing_parts(tmp_path, PLAN) == PLAN.parts[1:]
        assert part_path(tmp_path, PLAN, range(10)).read_bytes() == before


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with (
        open_screening(tmp_path, PLAN),
        pytest.raises(BadInput, match="another screening is running there"),
        open_screening(tmp_path, PLAN),
    ):
        pass
    with open_screening(tmp_path, PLAN):
        pass


def test_what_a_kill_left_unfinished_goes(tmp_path: Path) -> None:
    with open_screening(tmp_path, PLAN):
        unfinished = killed_write(part_path(tmp_path, PLAN, range(10)), b"half a part")
    with open_screening(tmp_path, PLAN):
        assert not unfinished.exists()
        assert missing_parts(tmp_path, PLAN) == PLAN.parts


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="not a directory"), open_screening(tmp_path / "file", PLAN):
        pass
