"""Figures of the report: right scales, honest counts, stable and harmless SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest

from matops.artifacts.model import LearningPoint
from matops.artifacts.plots import (
    RASTER_ROWS,
    draw_calibration,
    draw_domain_error,
    draw_learning_curve,
    draw_parity,
    draw_residuals,
    draw_training,
    select_points,
    to_svg,
)
from matops.core.gate import Measurement
from matops.core.target import Target
from matops.core.training import EpochLog

MODULUS = Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0)
ENERGY = Target("energy", "eV/atom", "energy of formation")


def make_rows(target: Target, n: int, seed: int = 0) -> pd.DataFrame:
    """Test rows whose error is, in turn, half of the half width and twice the half width."""
    random = np.random.default_rng(seed)
    truth, half = random.normal(2.0, 0.3, n), np.full(n, 0.1)
    predicted = truth + half * np.where(np.arange(n) % 2, 2.0, 0.5)
    columns = {"truth": truth, "predicted": predicted}
    columns |= {"lower": predicted - half, "upper": predicted + half}
    return pd.DataFrame(
        {name: target.from_scale(values) for name, values in columns.items()}
        | {
            "id": [f"r{i}" for i in range(n)],
            "group": "NaCl",
            "target": target.name,
            "domain_score": random.uniform(0, 1.4, n),
            "out_of_domain": np.arange(n) % 5 == 0,
        }
    )


def texts(svg: str) -> str:
    return "\n".join(ElementTree.fromstring(svg).itertext())


@pytest.mark.parametrize("target", [MODULUS, ENERGY])
def test_points_have_errors_and_half_widths_on_the_learning_scale(target: Target) -> None:
    points = select_points(target, make_rows(target, 10))
    np.testing.assert_allclose(points.half_width, 0.1)
    np.testing.assert_allclose(points.error, [0.05, 0.2] * 5)


def test_only_rows_of_the_target_are_selected() -> None:
    rows = pd.concat([make_rows(MODULUS, 4), make_rows(ENERGY, 7)])
    assert len(select_points(MODULUS, rows).truth) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 0.0])
def test_rows_that_no_axis_can_show_are_left_out_and_counted(bad: float) -> None:
    rows = make_rows(MODULUS, 6)
    rows.loc[2, "predicted"] = bad
    points = select_points(MODULUS, rows)
    assert (len(points.truth), points.dropped) == (5, 1)
    assert "1 more can't be drawn" in texts(to_svg(draw_parity(points), "p"))


def test_negative_values_of_an_identity_target_are_drawn() -> None:
    rows = make_rows(ENERGY, 6)
    rows[["truth", "predicted", "lower", "upper"]] *= -1
    assert select_points(ENERGY, rows).dropped == 0


@pytest.mark.parametrize(("target", "scale"), [(MODULUS, "log"), (ENERGY, "linear")])
def test_parity_uses_the_scale_of_the_target_and_equal_axes(target: Target, scale: str) -> None:
    axes = draw_parity(select_points(target, make_rows(target, 20))).axes[0]
    assert axes.get_xscale() == axes.get_yscale() == scale
    assert axes.get_xlim() == axes.get_ylim()


def test_parity_says_how_many_rows_it_shows_and_their_error() -> None:
    said = texts(to_svg(draw_parity(select_points(MODULUS, make_rows(MODULUS, 20))), "p"))
    assert "n = 20 · MAE = 0.125 log10(GPa)" in said
    assert "in domain (16)" in said
    assert "out of domain (4)" in said


def test_calibration_curve_is_the_share_of_rows_inside_stretched_intervals() -> None:
    points = select_points(MODULUS, make_rows(MODULUS, 40))
    axes = draw_calibration(points, 0.9, Measurement(0.5, "1", 0.34, 0.66, 40)).axes[0]
    x, y = (np.asarray(values) for values in axes.lines[0].get_data())
    share = {at: y[x <= at].max() for at in (0.4, 1.0, 2.1)}
    assert share == {0.4: 0.0, 1.0: 0.5, 2.1: 1.0}


def test_domain_figure_always_shows_the_edge_of_the_training_data() -> None:
    rows = make_rows(ENERGY, 10).assign(domain_score=0.01)
    axes = draw_domain_error(select_points(ENERGY, rows), None).axes[0]
    assert axes.get_xlim()[1] > 1


def test_large_scatter_layers_become_images() -> None:
    figures = [
        to_svg(draw_residuals(select_points(ENERGY, make_rows(ENERGY, n))), "r")
        for n in (RASTER_ROWS, RASTER_ROWS + 1)
    ]
    assert ["data:image/png" in svg for svg in figures] == [False, True]
    assert len(figures[1]) < 400_000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("target", [MODULUS, ENERGY])
@pytest.mark.parametrize("n", [0, 1])
def test_figures_of_hardly_any_rows_are_drawn_without_complaint(target: Target, n: int) -> None:
    points = select_points(target, make_rows(target, n))
    for figure in (
        draw_parity(points),
        draw_residuals(points),
        draw_calibration(points, 0.9, None),
        draw_domain_error(points, float("nan")),
    ):
        ElementTree.fromstring(to_svg(figure, "f"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("losses", [[1.0], [1.0, float("nan")], [0.5, 0.0], [0.3, 0.3]])
def test_training_curves_survive_a_training_that_went_wrong(losses: list[float]) -> None:
    epochs = [EpochLog(m, e, loss) for m in range(3) for e, loss in enumerate(losses)]
    assert "member 2" in texts(to_svg(draw_training(epochs), "t"))


@pytest.mark.filterwarnings("error")
def test_learning_curve_is_logarithmic_and_names_every_target() -> None:
    curve = [LearningPoint(n, {"K_VRH": 0.9 / n, "energy": 0.0}) for n in (400, 50, 100)]
    figure = draw_learning_curve(curve, [MODULUS, ENERGY])
    assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"
    said = texts(to_svg(figure, "l"))
    assert all(word in said for word in ("K_VRH (log10(GPa))", "energy (eV/atom)", "50", "400"))


def test_svg_is_the_same_each_time_and_undated() -> None:
    points = select_points(MODULUS, make_rows(MODULUS, 12))
    first, second = (to_svg(draw_parity(points), "p") for _ in range(2))
    assert first == second
    assert "dc:date" not in first


def test_ids_of_two_figures_never_meet_and_references_stay_inside() -> None:
    points = select_points(MODULUS, make_rows(MODULUS, 12))
    ids = []
    for name in ("one", "two"):
        svg = to_svg(draw_parity(points), name)
        ids.append(set(re.findall(r'\bid="([^"]+)"', svg)))
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', svg)) <= ids[-1]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "$x_{", "_hidden", "a --> b"])
def test_hostile_names_stay_text(name: str) -> None:
    target = Target(name, "1", "")
    points = select_points(target, make_rows(target, 5))
    svg = to_svg(draw_parity(points), "p")
    assert "<script" not in svg
    assert f"true {name}" in texts(svg)


def test_drawing_leaves_the_settings_of_the_process_alone() -> None:
    before = dict(matplotlib.rcParams)
    to_svg(draw_parity(select_points(ENERGY, make_rows(ENERGY, 5))), "p")
    assert dict(matplotlib.rcParams) == before
