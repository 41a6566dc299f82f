"""Predicted against true values of every target: a page of its own for a pipeline's interface."""

import pandas as pd

from matops.artifacts.page import template
from matops.artifacts.plots.held_out import draw_parity
from matops.artifacts.plots.points import select_points
from matops.artifacts.plots.style import to_svg
from matops.core.card import Card


def render_parity(card: Card, rows: pd.DataFrame, title: str) -> str:
    """One page that needs nothing else, the same text for the same input.

    Args:
        card: the model's card.
        rows: test predictions, as :func:`matops.artifacts.report.render_report` takes them.
        title: the family's title.
    """
    figures = [
        to_svg(draw_parity(select_points(target, rows)), f"parity{index}")
        for index, target in enumerate(card.targets)
    ]
    return template("parity.html.j2").render(card=card, title=title, figures=figures)
