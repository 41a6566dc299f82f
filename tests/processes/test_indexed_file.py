"""Lines are found by key, at a cost that does not grow with their number; the index is a cache."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from matops.processes.indexed_file import SUFFIX, IndexedFile


def first_word(line: bytes) -> list[str]:
    return line.decode().split()[:1]


def found(path: Path, *keys: str) -> list[bytes | None]:
    with closing(IndexedFile(path, first_word)) as file:
        return [file.find(key) for key in keys]


def add(path: Path, *lines: bytes) -> None:
    with closing(IndexedFile(path, first_word)) as file:
        file.append(*lines)


def test_the_last_line_with_a_key_is_found(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    add(path, b"a 1", b"b 1", b"")
    add(path, b"a 2")
    assert found(path, "a", "b", "c") == [b"a 2", b"b 1", None]


def test_opening_reads_only_what_was_added_since(tmp_path: Path) -> None:
    path, read = tmp_path / "lines", []

    def noting(line: bytes) -> list[str]:
        read.append(line)
        return first_word(line)

    add(path, *(b"%d old" % number for number in range(1000)))
    with path.open("ab") as file:
        file.write(b"x new\ny torn")
    with closing(IndexedFile(path, noting)) as lines:
        assert lines.find("999") == b"999 old"
        assert lines.find("x") == b"x new"
    assert read == [b"x new"]


def remove(path: Path) -> None:
    index_of(path).unlink()


def damage(path: Path) -> None:
    index_of(path).write_bytes(b"no database")


def replace(path: Path) -> None:
    path.write_bytes(b"a 3\nc 3\n")


def shorten(path: Path) -> None:
    path.write_bytes(b"c 3\n")


def index_of(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (remove, [b"a 2", b"b 1", None]),
        (damage, [b"a 2", b"b 1", None]),
        (replace, [b"a 3", None, b"c 3"]),
        (shorten, [None, None, b"c 3"]),
        (lambda path: path.unlink(), [None, None, None]),
    ],
)
def test_an_index_that_is_gone_or_of_other_lines_is_made_again(
    tmp_path: Path, change: Callable[[Path], None], expected: list[bytes | None]
) -> None:
    path = tmp_path / "lines"
    add(path, b"a 1", b"b 1", b"a 2")
    change(path)
    assert found(path, "a", "b", "c") == expected
    add(path, b"b 4")
    assert found(path, "b") == [b"b 4"]
