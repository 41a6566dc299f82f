"""Steps' output reaches log and listener, line by line."""

from __future__ import annotations

from io import StringIO

import pytest

from matops.adapters.pipelines.local_pipeline import BAD_INPUT, LineTee
from matops.core.errors import BadInput

TEXT = "train: 1 of 2 (loss 0.5)\n    indented\n\nlast\n"


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_lines_are_heard_whole_in_whatever_pieces_they_come(size: int) -> None:
    log, heard = StringIO(), []
    tee = LineTee(log, heard.append)
    for start in range(0, len(TEXT), size):
        piece = TEXT[start : start + size]
        assert tee.write(piece) == len(piece)
    assert log.getvalue() == TEXT
    assert heard == ["train: 1 of 2 (loss 0.5)", "indented", "", "last"]


def test_a_line_without_its_end_is_logged_but_not_yet_heard() -> None:
    log, heard = StringIO(), []
    LineTee(log, heard.append).write("train: 1 of 20")
    assert log.getvalue() == "train: 1 of 20"
    assert heard == []


def test_what_comes_after_the_run_is_lost_without_an_error() -> None:
    log, heard = StringIO(), []
    tee = LineTee(log, heard.append)
    log.close()
    assert tee.write("late\n") == 5
    assert heard == []


def test_the_prefix_of_bad_input_is_what_a_traceback_begins_its_last_line_with() -> None:
    import traceback

    said = traceback.format_exception_only(BadInput("x.cif: no atoms"))[-1]
    assert said.startswith(BAD_INPUT)
