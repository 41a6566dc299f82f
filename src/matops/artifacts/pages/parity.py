"""Predicted against true values of every property: a page of its own for a pipeline's interface."""

import pandas as pd

from matops.artifacts.pages.page import template
from matops.artifacts.pages.plots.held_out import draw_parity
from matops.artifacts.pages.plots.points import select_points
from matops.artifacts.pages.plots.style import to_svg
from matops.core.quality.card import Card


def render_parity(card: Card, rows: pd.DataFrame, title: str) -> str:
    """One self-contained page, the same text for the same input.

    ``rows`` are as of :func:`matops.artifacts.pages.report.render_report`.
    """
    figures = [
        to_svg(draw_parity(select_points(target, rows)), f"parity{index}")
        for index, target in enumerate(card.properties)
    ]
    return template("parity.html.j2").render(card=card, title=title, figures=figures)
