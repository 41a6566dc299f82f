"""Confirmation: the best designs are simulated, compared with their intervals, and shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from matops.artifacts.pages.screening_page import SHOWN_ROWS
from matops.core.data.record import Quarantined, Record
from matops.core.errors import BadInput
from matops.steps.exploring.screen import Screened, run_screening
from tests.support.screening_toy import RODS, ask_rods


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Screened:
    """Of four confirmed rods the second breaks, the third is stiffer and the fourth softer."""
    out = tmp_path_factory.mktemp("screening")
    asked = ask_rods(200, least=0.4, most=0.8, confirm=4)
    return run_screening(asked, out, 1, lambda step: lambda *state: None)


def test_confirmed_designs_are_spread_over_the_front(done: Screened) -> None:
    front, confirmed = done.result.front, done.confirmed
    assert confirmed is not None
    assert len(confirmed) == 4
    assert set(confirmed["index"]) <= set(front["index"])
    assert confirmed["area"].iloc[[0, -1]].tolist() == front["area"].iloc[[0, -1]].tolist()
    gaps = np.diff(confirmed["area"])
    assert gaps.max() < 2 * gaps.min()


def test_simulated_values_are_compared_with_the_interval(done: Screened) -> None:
    rows = done.confirmed
    assert rows is not None
    assert rows["inside"].tolist() == [True, False, False, False]
    assert rows["refused"].tolist() == ["", "it broke: at once", "", ""]
    right_by = rows["mean_C_simulated"] / rows["mean_C"]
    assert np.allclose(right_by, [1, np.nan, 2, 0.5], equal_nan=True)
    mean = (rows["C_x_simulated"] + rows["C_y_simulated"]) / 2
    assert np.allclose(rows["mean_C_simulated"], mean, equal_nan=True)


def test_interval_of_the_merit_follows_from_those_of_the_targets(done: Screened) -> None:
    front = done.result.front
    for end in ("lower", "upper"):
        assert np.allclose(front[f"mean_C_{end}"], front[[f"C_x_{end}", f"C_y_{end}"]].mean(axis=1))


def test_tables_and_payloads_lie_on_disk(done: Screened) -> None:
    front = pd.read_csv(done.files.front)
    numbers = front.columns.drop("unseen").tolist()
    pd.testing.assert_frame_equal(front[numbers], done.result.front[numbers], rtol=1e-12)
    assert done.files.confirmed is not None
    assert pd.read_csv(done.files.confirmed)["inside"].tolist() == [True, False, False, False]
    written = sorted(done.files.designs.iterdir())
    assert [int(path.stem.removeprefix("design-")) for path in written] == sorted(front["index"])
    config = ask_rods(1, least=0.4, most=0.8).config
    first = RODS.design(front["index"].min(), 0, config)
    assert json.loads(written[0].read_text()) == first
    assert done.files.picture.read_bytes().startswith(b"\x89PNG")


def test_page_needs_nothing_else_and_says_what_held(done: Screened) -> None:
    page = done.files.page.read_text()
    assert page.count("<svg") == 1
    assert "src=" not in page.replace('src="data:', "")
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "1 of 3 simulated values lie inside their interval" in page
    assert page.count("✓ inside") == 1
    assert page.count("✗ outside") == 2
    assert "it broke: at once" in page
    assert "<td>generate</td>" in page
    assert len(done.result.front) < SHOWN_ROWS
    assert "all are in front.csv" not in page


def test_payloads_of_an_older_front_go(done: Screened, tmp_path: Path) -> None:
    few = run_screening(ask_rods(20), tmp_path, 1, lambda step: lambda *state: None)
    more = run_screening(ask_rods(200), tmp_path, 1, lambda step: lambda *state: None)
    assert set(few.result.front["index"]) - set(more.result.front["index"])
    written = {int(path.stem[-6:]) for path in more.files.designs.iterdir()}
    assert written == set(more.result.front["index"])


def test_a_confirmation_of_another_front_goes(tmp_path: Path) -> None:
    quiet = lambda step: lambda *state: None  # noqa: E731
    old = run_screening(ask_rods(20, confirm=2), tmp_path, 1, quiet).files.confirmed
    assert old is not None
    assert old.is_file()
    assert run_screening(ask_rods(200), tmp_path, 1, quiet).files.confirmed is None
    assert not old.exists()


def test_a_family_that_cannot_simulate_designs_still_leaves_the_front(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object) -> list[Record | Quarantined]:
        raise BadInput("rods has no simulation of given designs")

    monkeypatch.setattr(type(RODS), "confirm", cannot)
    with pytest.raises(BadInput, match="no simulation"):
        run_screening(ask_rods(20, confirm=2), tmp_path, 1, lambda step: lambda *state: None)
    assert (tmp_path / "front.csv").is_file()
    assert (tmp_path / "report.html").is_file()
