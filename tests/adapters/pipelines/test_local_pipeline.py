"""Steps' output reaches log and listener, line by line; a run leaves its process as it was."""

import os
import sys
import warnings
from io import StringIO
from pathlib import Path

import pytest
from kfp import compiler, dsl

from matops.adapters.pipelines.local_pipeline import LineTee, run_pipeline
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


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """A pipeline of one step that prints two variables, and fails where it is told to."""

    @dsl.component(base_image="any-python:1", install_kfp_package=False)
    def look(fail: bool) -> None:
        import os

        for name in ("GIVEN", "INHERITED"):
            print(f"{name}={os.environ.get(name)}")
        if fail:
            raise ValueError

    @dsl.pipeline(name="look-twice")
    def pipeline(fail: bool) -> None:
        look(fail=fail).set_retry(3)

    path = tmp_path / "look.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return path


def test_two_runs_in_one_process_inherit_nothing_of_each_other(
    definition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INHERITED", "yes")
    monkeypatch.delenv("GIVEN", raising=False)
    before, shown, filters = dict(os.environ), sys.stdout, list(warnings.filters)
    for name, environment, given in (("a", {"GIVEN": "1"}, "1"), ("b", {}, None)):
        heard: list[str] = []
        run_pipeline(definition, {"fail": False}, tmp_path / name, environment, heard.append)
        assert {f"GIVEN={given}", "INHERITED=yes"} <= set(heard)
        assert (dict(os.environ), sys.stdout) == (before, shown)
        assert warnings.filters == filters


def test_after_a_step_that_fails_everything_is_as_before(definition: Path, tmp_path: Path) -> None:
    before, shown, filters = dict(os.environ), sys.stdout, list(warnings.filters)
    heard: list[str] = []
    with pytest.raises(BadInput, match=r"pipeline\.log has the details") as caught:
        run_pipeline(definition, {"fail": True}, tmp_path / "run", {"GIVEN": "1"}, heard.append)
    assert str(caught.value).isprintable()
    assert heard.count("GIVEN=1") == 1
    assert (dict(os.environ), sys.stdout, warnings.filters) == (before, shown, filters)
