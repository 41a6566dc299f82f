"""SVG of the figures: stable, undated and harmless."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from matplotlib.image import imread

from matops.artifacts.pages.plots.held_out import draw_parity
from matops.artifacts.pages.plots.points import select_points
from matops.artifacts.pages.plots.style import new_figure, save_png, to_svg
from matops.core.data.target import Target

MakeRows = Callable[..., pd.DataFrame]
Texts = Callable[[str], str]
MODULUS = Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0)
ENERGY = Target("energy", "eV/atom", "energy of formation")


def test_svg_is_the_same_each_time_and_undated(make_rows: MakeRows) -> None:
    points = select_points(MODULUS, make_rows(MODULUS, 12))
    first, second = (to_svg(draw_parity(points), "p") for _ in range(2))
    assert first == second
    assert "dc:date" not in first


def test_ids_of_two_figures_never_meet_and_references_stay_inside(make_rows: MakeRows) -> None:
    points = select_points(MODULUS, make_rows(MODULUS, 12))
    ids = []
    for name in ("one", "two"):
        svg = to_svg(draw_parity(points), name)
        ids.append(set(re.findall(r'\bid="([^"]+)"', svg)))
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', svg)) <= ids[-1]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "$x_{", "_hidden", "a --> b"])
def test_hostile_names_stay_text(make_rows: MakeRows, texts: Texts, name: str) -> None:
    target = Target(name, "1", "")
    points = select_points(target, make_rows(target, 5))
    svg = to_svg(draw_parity(points), "p")
    assert "<script" not in svg
    assert f"true {name}" in texts(svg)


def test_drawing_leaves_the_settings_of_the_process_alone(make_rows: MakeRows) -> None:
    before = dict(matplotlib.rcParams)
    to_svg(draw_parity(select_points(ENERGY, make_rows(ENERGY, 5))), "p")
    assert dict(matplotlib.rcParams) == before


def test_png_is_white_where_nothing_is_drawn(tmp_path: Path) -> None:
    figure = new_figure()
    figure.add_subplot()
    save_png(figure, tmp_path / "figure.png")
    pixels = imread(tmp_path / "figure.png")
    assert pixels[0, 0].tolist() == [1, 1, 1, 1]
