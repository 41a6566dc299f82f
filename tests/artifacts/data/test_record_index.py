"""The index of records: what it knows is what the parts have, also after damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from matops.artifacts.data.record_index import open_index

PARTS = {
    "first": lambda: [("a", "gold"), ("b", "iron")],
    "second": lambda: [("b", "iron"), ("c", "gold"), ("d", "zinc")],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index" / "metals.sqlite"


def test_a_record_is_known_where_one_of_the_asked_parts_has_it(path: Path) -> None:
    with open_index(path) as index:
        index.add(PARTS)
        assert index.known(["a", "b", "c", "x"], PARTS) == {"a", "b", "c"}
        assert index.known(["a", "b", "c", "x"], ["first"]) == {"a", "b"}
        assert index.known(["a"], ["second"]) == set()
        assert (index.rows(PARTS), index.rows(["second"]), index.rows([])) == (5, 3, 0)


def test_records_of_a_sample_are_found_in_the_asked_parts(path: Path) -> None:
    with open_index(path) as index:
        index.add(PARTS)
        assert index.of_samples(["gold", "tin"], PARTS) == {"first": ["a"], "second": ["c"]}
        assert index.of_samples(["gold", "zinc"], ["second"]) == {"second": ["c", "d"]}


def test_what_is_indexed_is_not_read_again(path: Path) -> None:
    def never() -> list[tuple[str, str]]:
        raise AssertionError("read again")

    with open_index(path) as index:
        index.add(PARTS)
    with open_index(path) as index:
        index.add({"first": never, "third": lambda: [("e", "lead")]})
        assert index.known(["a", "e"], ["first", "third"]) == {"a", "e"}


def test_a_part_whose_reading_fails_is_not_indexed_at_all(path: Path) -> None:
    def broken() -> list[tuple[str, str]]:
        raise OSError("no such part")

    with open_index(path) as index:
        with pytest.raises(OSError, match="no such part"):
            index.add({"third": broken})
        index.add({"third": lambda: [("e", "lead")]})
        assert index.known(["e"], ["third"]) == {"e"}


def test_a_file_that_is_no_database_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be looked at" * 100)
    with open_index(path) as index:
        index.add(PARTS)
        assert index.known(["a"], PARTS) == {"a"}
