"""Figures of the test rows: right scales, honest counts."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from matops.artifacts.pages.plots.held_out import (
    draw_calibration,
    draw_domain_error,
    draw_parity,
    draw_residuals,
)
from matops.artifacts.pages.plots.points import MOST_DRAWN, RASTER_ROWS, select_points
from matops.artifacts.pages.plots.style import to_svg
from matops.core.data.target import Target
from matops.core.quality.gate import Measurement

MakeRows = Callable[..., pd.DataFrame]
Texts = Callable[[str], str]
MODULUS = Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0)
ENERGY = Target("energy", "eV/atom", "energy of formation")


@pytest.mark.parametrize(("target", "scale"), [(MODULUS, "log"), (ENERGY, "linear")])
def test_parity_uses_the_scale_of_the_target_and_equal_axes(
    make_rows: MakeRows, target: Target, scale: str
) -> None:
    axes = draw_parity(select_points(target, make_rows(target, 20))).axes[0]
    assert axes.get_xscale() == axes.get_yscale() == scale
    assert axes.get_xlim() == axes.get_ylim()


def test_parity_says_how_many_rows_it_shows_and_their_error(
    make_rows: MakeRows, texts: Texts
) -> None:
    said = texts(to_svg(draw_parity(select_points(MODULUS, make_rows(MODULUS, 20))), "p"))
    assert "n = 20 · MAE = 0.125 log10(GPa)" in said
    assert "in domain (16)" in said
    assert "out of domain (4)" in said


def test_calibration_curve_is_the_share_of_rows_inside_stretched_intervals(
    make_rows: MakeRows,
) -> None:
    points = select_points(MODULUS, make_rows(MODULUS, 40))
    axes = draw_calibration(points, 0.9, Measurement(0.5, "1", 0.34, 0.66, 40)).axes[0]
    x, y = (np.asarray(values) for values in axes.lines[0].get_data())
    share = {at: y[x <= at].max() for at in (0.4, 1.0, 2.1)}
    assert share == {0.4: 0.0, 1.0: 0.5, 2.1: 1.0}


def test_rows_out_of_domain_are_neither_covered_nor_missed(make_rows: MakeRows) -> None:
    rows = make_rows(MODULUS, 40)
    missed = rows["lower"] > rows["truth"]
    points = select_points(MODULUS, rows.assign(out_of_domain=missed))
    curve, *_ = draw_calibration(points, 0.9, None).axes[0].lines
    x, y = (np.asarray(values) for values in curve.get_data())
    assert y[x <= 1.0].max() == 1.0
    bars = np.asarray(draw_parity(points).axes[0].lines[0].get_ydata()).reshape(-1, 3)
    assert (np.isnan(bars[:, :2]).all(axis=1) == missed).all()


def test_domain_figure_always_shows_the_edge_of_the_training_data(make_rows: MakeRows) -> None:
    rows = make_rows(ENERGY, 10).assign(domain_score=0.01)
    axes = draw_domain_error(select_points(ENERGY, rows), None).axes[0]
    assert axes.get_xlim()[1] > 1


def test_large_scatter_layers_become_images(make_rows: MakeRows) -> None:
    figures = [
        to_svg(draw_residuals(select_points(ENERGY, make_rows(ENERGY, n))), "r")
        for n in (RASTER_ROWS, RASTER_ROWS + 1)
    ]
    assert ["data:image/png" in svg for svg in figures] == [False, True]
    assert len(figures[1]) < 400_000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("target", [MODULUS, ENERGY])
@pytest.mark.parametrize("n", [0, 1])
def test_figures_of_hardly_any_rows_are_drawn_without_complaint(
    make_rows: MakeRows, target: Target, n: int
) -> None:
    points = select_points(target, make_rows(target, n))
    for figure in (
        draw_parity(points),
        draw_residuals(points),
        draw_calibration(points, 0.9, None),
        draw_domain_error(points, float("nan")),
    ):
        ElementTree.fromstring(to_svg(figure, "f"))


def test_figures_of_many_atoms_are_no_larger_than_those_of_few(make_rows: MakeRows) -> None:
    sizes = []
    for n in (MOST_DRAWN, 5 * MOST_DRAWN):
        points = select_points(ENERGY, make_rows(ENERGY, n))
        assert len(points.truth) == len(points.error) == n
        figures = (draw_parity(points), draw_calibration(points, 0.9, None))
        assert f"n = {n}" in to_svg(figures[0], "p")
        sizes.append([len(to_svg(figure, "f")) for figure in figures])
    assert np.allclose(sizes[1], sizes[0], rtol=0.3), sizes
    assert max(sizes[1]) < 400_000
