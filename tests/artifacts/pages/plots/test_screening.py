"""The figure of a screening: a rising staircase, honest counts, hollow strangers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from matops.artifacts.exploring.screening import Plan
from matops.artifacts.exploring.screening_result import ScreeningResult
from matops.artifacts.pages.plots.screening import draw_screening
from matops.artifacts.pages.plots.style import GREEN, PURPLE, to_svg
from tests.support.screening_toy import RODS

MEAN = RODS.objectives.merit()


def rows(area: list[float], mean: list[float], **more: Any) -> pd.DataFrame:
    values = np.array(mean)
    ends = {"mean_C_lower": values - 0.1, "mean_C_upper": values + 0.1}
    return pd.DataFrame({"index": range(len(area)), "area": area, "mean_C": mean, **ends, **more})


@pytest.fixture
def result() -> ScreeningResult:
    plan = Plan("rods", "rods-1", 0, {}, count=40_000)
    cloud = rows([0.2, 0.4, 0.6, 0.8], [0.1, 0.2, 0.3, 0.9], out_of_domain=[False] * 3 + [True])
    front = rows([0.2, 0.4, 0.6], [0.1, 0.2, 0.3])
    return ScreeningResult(
        plan, RODS.objectives, MEAN, front, cloud, 2, 7000, Counter(broken=1000), {}
    )


@pytest.fixture
def confirmed(result: ScreeningResult) -> pd.DataFrame:
    return result.front.assign(
        mean_C_simulated=[0.12, 0.9, np.nan], inside=[True, False, False], refused=["", "", "no"]
    )


def points(figure: Figure, label: str) -> PathCollection:
    (result,) = [c for c in figure.axes[0].collections if str(c.get_label()).startswith(label)]
    assert isinstance(result, PathCollection)
    return result


def test_counts_are_of_all_designs_and_axes_have_units(
    result: ScreeningResult, texts: Callable[[str], str]
) -> None:
    said = texts(to_svg(draw_screening(result), "s"))
    for words in (
        "40,000 designs, one in 2 drawn",
        "in domain (32,000)",
        "out of domain (7,000)",
        "front (3)",
        "area fraction",
        "predicted mean stiffness (GPa)",
    ):
        assert words in said
    assert "simulated" not in said


def test_front_is_a_staircase_through_its_designs(result: ScreeningResult) -> None:
    figure = draw_screening(result)
    (line,) = figure.axes[0].lines
    assert line.get_drawstyle() == "steps-post"
    drawn = np.asarray(points(figure, "front").get_offsets())
    assert drawn.tolist() == result.front[["area", "mean_C"]].to_numpy().tolist()


def test_designs_out_of_domain_are_hollow(result: ScreeningResult) -> None:
    assert points(draw_screening(result), "out of domain").get_facecolor().size == 0
    assert len(points(draw_screening(result), "in domain").get_facecolor()) == 1


def test_confirmed_designs_show_both_values_and_whether_they_agree(
    result: ScreeningResult, confirmed: pd.DataFrame
) -> None:
    figure = draw_screening(result, confirmed)
    inside = points(figure, "simulated, inside the interval (1)")
    outside = points(figure, "simulated, outside the interval (1)")
    assert np.asarray(inside.get_offsets()).tolist() == [[0.2, 0.12]]
    assert np.asarray(outside.get_offsets()).tolist() == [[0.4, 0.9]]
    assert np.allclose(inside.get_facecolor(), to_rgba(GREEN))
    assert np.allclose(outside.get_facecolor(), to_rgba(PURPLE))
    (bars,) = figure.axes[0].containers
    ends = [segment.tolist() for segment in bars[2][0].get_segments()]
    assert np.allclose(ends, [[[0.2, 0.0], [0.2, 0.2]], [[0.4, 0.1], [0.4, 0.3]]])


@pytest.mark.filterwarnings("error")
def test_an_empty_front_is_drawn_without_complaint(result: ScreeningResult) -> None:
    nothing = replace(result, front=result.front.iloc[:0], cloud=result.cloud.iloc[:0], stride=1)
    assert "<svg" in to_svg(draw_screening(nothing, result.front.iloc[:0]), "s")
