"""Files of lines: a torn line goes, a second writer stays out or waits, nothing else is lost."""

from contextlib import closing
from pathlib import Path

import pytest

from matops.processes.append_only import BLOCK_BYTES, AppendOnlyFile, whole_lines


def test_lines_are_added_after_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "made" / "lines"
    assert list(whole_lines(path)) == []
    for line in (b"first", b"second"):
        with closing(AppendOnlyFile(path)) as file:
            file.append(line)
    assert list(whole_lines(path)) == [b"first", b"second"]


@pytest.mark.parametrize("whole", [b"", b"whole\n", b"one\ntwo\n"])
@pytest.mark.parametrize("torn", [b"t", b"torn" * BLOCK_BYTES])
def test_a_torn_line_is_not_read_and_goes_with_the_next_writer(
    tmp_path: Path, whole: bytes, torn: bytes
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(whole + torn)
    assert list(whole_lines(path)) == whole.splitlines()
    with closing(AppendOnlyFile(path)) as file:
        file.append(b"next", b"last")
    assert path.read_bytes() == whole + b"next\nlast\n"


def test_a_second_writer_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with closing(AppendOnlyFile(path)), pytest.raises(BlockingIOError):
        AppendOnlyFile(path)
    with closing(AppendOnlyFile(path, wait=True)) as file:
        file.append(b"line")
    assert list(whole_lines(path)) == [b"line"]
