"""Selection of test rows for drawing: on the learning scale, and honest on what is left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from matops.artifacts.pages.plots.held_out import draw_parity
from matops.artifacts.pages.plots.points import select_points
from matops.artifacts.pages.plots.style import to_svg
from matops.core.data.target import Target

MakeRows = Callable[..., pd.DataFrame]
Texts = Callable[[str], str]
MODULUS = Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0)
ENERGY = Target("energy", "eV/atom", "energy of formation")


@pytest.mark.parametrize("target", [MODULUS, ENERGY])
def test_points_have_errors_and_half_widths_on_the_learning_scale(
    make_rows: MakeRows, target: Target
) -> None:
    points = select_points(target, make_rows(target, 10))
    np.testing.assert_allclose(points.half_width[~points.outside], 0.1)
    np.testing.assert_allclose(points.error, [0.05, 0.2] * 5)


def test_only_rows_of_the_target_are_selected(make_rows: MakeRows) -> None:
    rows = pd.concat([make_rows(MODULUS, 4), make_rows(ENERGY, 7)])
    assert len(select_points(MODULUS, rows).truth) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 0.0])
def test_rows_that_no_axis_can_show_are_left_out_and_counted(
    make_rows: MakeRows, texts: Texts, bad: float
) -> None:
    rows = make_rows(MODULUS, 6)
    rows.loc[2, "predicted"] = bad
    points = select_points(MODULUS, rows)
    assert (len(points.truth), points.dropped) == (5, 1)
    assert "1 more can't be drawn" in texts(to_svg(draw_parity(points), "p"))


def test_negative_values_of_an_identity_target_are_drawn(make_rows: MakeRows) -> None:
    rows = make_rows(ENERGY, 6)
    rows[["truth", "predicted", "lower", "upper"]] *= -1
    assert select_points(ENERGY, rows).dropped == 0


@pytest.mark.parametrize("ends", [(np.nan, np.nan), (0.5, 2000.0), (-1.0, np.inf)])
def test_out_of_domain_has_a_point_and_no_interval_whatever_the_table_says(
    make_rows: MakeRows, ends: tuple[float, float]
) -> None:
    rows = make_rows(MODULUS, 10)
    rows.loc[rows["out_of_domain"], ["lower", "upper"]] = ends
    points = select_points(MODULUS, rows)
    assert (len(points.truth), points.dropped, points.outside.sum()) == (10, 0, 2)
    for numbers in (points.lower, points.upper, points.half_width):
        assert (np.isnan(numbers) == points.outside).all()


def test_an_interval_cut_at_a_bound_is_as_wide_as_its_other_half(make_rows: MakeRows) -> None:
    rows = make_rows(ENERGY, 6)
    rows["upper"] = rows["predicted"] + 0.01
    points = select_points(ENERGY, rows)
    np.testing.assert_allclose(points.half_width[~points.outside], 0.1)
