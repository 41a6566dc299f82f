"""The page of a search: its pictures, both numbers of the gain, and no more than was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from matops.artifacts.exploring.tuning import TuningPlan
from matops.artifacts.exploring.tuning_result import TuningResult, kept_result, write_tuning
from matops.artifacts.pages.tuning_page import render_tuning
from matops.core.exploring.space import Options, Range, SearchSpace
from matops.core.exploring.tuning import Gain, TrialRecord
from matops.core.quality.gate import Measurement

SPACE = SearchSpace(
    "made up",
    {
        "training.learning_rate": Range(1e-4, 1e-2, "a <b> source", log=True),
        "network.filters": Options(((8, 16), (16, 32))),
    },
)
PLAN = TuningPlan("rods", "one", "demo", {}, SPACE, 0, 2, 2, True, "abc", ("x", "y", "z"))


def trial(number: int, rate: float, error: float | None, **further: object) -> TrialRecord:
    values = {
        "training.learning_rate": rate,
        "network.filters": [16, 32] if number % 2 else [8, 16],
    }
    record = TrialRecord(number, "finished", values, error, {2: 0.5 + 0.1 * number}, 6.0)
    return replace(record, **further)  # type: ignore[arg-type]


def measured(value: float, low: float, high: float) -> Measurement:
    return Measurement(value, "1", low, high, 3)


GAIN = Gain(
    measured(0.4, 0.3, 0.5),
    measured(0.31, 0.2, 0.4),
    measured(-0.09, -0.12, -0.06),
    {name: {"K": Measurement(2.0, "GPa", 1.0, 3.0, 3)} for name in ("preset", "best")},
)
RESULT = TuningResult(
    plan=PLAN,
    trials=[
        trial(0, 1e-3, 0.35),
        trial(1, 2e-3, 0.25),
        trial(2, 9e-3, None, became="stopped"),
        trial(3, 8e-3, None, became="refused", compared={}, refused="4 leave nothing"),
    ],
    default={"training.learning_rate": 1e-3, "network.filters": [8, 16]},
    inner_default=0.35,
    gain=GAIN,
    looks=1,
    inner_rows=40,
    importance={"training.learning_rate": 0.8, "network.filters": 0.2},
    grid_refused={"too large": 7},
)


def test_it_has_its_pictures_both_gains_and_what_was_refused() -> None:
    page = render_tuning(RESULT, "Rods")
    assert page.count("<svg") == 3
    assert "better than the preset" in page
    assert "−0.100" in page  # in the search
    assert "−0.0900" in page  # on rows that no trial has seen
    assert "4 leave nothing" in page
    assert "7 combinations" in page
    assert "a &lt;b&gt; source" in page
    assert "asked for" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page == render_tuning(RESULT, "Rods")


def test_a_gain_that_is_not_shown_is_not_claimed() -> None:
    doubtful = replace(GAIN, difference=measured(-0.09, -0.2, 0.01))
    page = render_tuning(replace(RESULT, gain=doubtful, looks=2), "Rods")
    assert "no gain is shown" in page
    assert "better than the preset" not in page
    assert "asked for 2 bests" in page
    assert "No trial was better" in render_tuning(replace(RESULT, gain=None), "Rods")


def test_pictures_that_have_nothing_to_show_are_left_out() -> None:
    assert render_tuning(replace(RESULT, importance={}), "Rods").count("<svg") == 2


def test_the_result_is_read_back_and_the_table_has_all_trials(tmp_path: Path) -> None:
    assert kept_result(tmp_path) is None
    write_tuning(tmp_path, RESULT)
    kept = kept_result(tmp_path)
    assert kept is not None
    assert kept.best is not None
    assert kept.best.number == 1
    assert kept.inner_gain == pytest.approx(-0.1)
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("trial,became,error,training.learning_rate,network.filters")
