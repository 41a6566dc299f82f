"""The figure of a screening: all designs, the front, and what a simulation says of it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from matops.artifacts.exploring.screening_result import ScreeningResult
from matops.artifacts.pages.plots import style

INCHES = (7.2, 5.0)
CLOUD = "#9aa5b1"


def _draw_cloud(axes: Axes, result: ScreeningResult) -> None:
    """Designs in domain as a grey cloud, those out of domain hollow."""
    cost, merit = result.objectives.cost.name, result.merit.name
    outside = result.cloud["out_of_domain"].to_numpy(dtype=bool)
    inside_rows, outside_rows = result.cloud[~outside], result.cloud[outside]
    crowd = float(np.clip(4000 / max(len(inside_rows), 1), 0.12, 0.7))
    look: dict[str, Any] = {"s": 7, "linewidths": 0, "alpha": crowd, "rasterized": True}
    good = result.plan.count - result.refused.total() - result.outside
    axes.scatter(inside_rows[cost], inside_rows[merit], color=CLOUD, **look, zorder=2)
    axes.scatter([], [], s=14, color=CLOUD, label=f"in domain ({good:,})")
    look = {"s": 11, "facecolors": "none", "edgecolors": style.ORANGE}
    look |= {"marker": "D", "linewidths": 0.5}
    axes.scatter(
        outside_rows[cost], outside_rows[merit], **look, alpha=0.55, rasterized=True, zorder=2.5
    )
    axes.scatter([], [], **look, label=f"out of domain ({result.outside:,})")


def _draw_front(axes: Axes, result: ScreeningResult) -> None:
    """The front as the staircase that it is: between two designs, only the cheaper can be had."""
    cost, merit = (result.front[n] for n in (result.objectives.cost.name, result.merit.name))
    axes.step(cost, merit, where="post", color=style.BLUE, linewidth=1.1, zorder=4)
    label = f"front ({len(result.front):,})"
    axes.scatter(cost, merit, s=17, color=style.BLUE, linewidths=0, zorder=4, label=label)


def _draw_confirmed(axes: Axes, result: ScreeningResult, confirmed: pd.DataFrame) -> None:
    """Prediction with its interval, and the simulated value beside it."""
    merit, done = result.merit.name, confirmed[confirmed["refused"] == ""]
    cost, value, simulated = (
        done[name] for name in (result.objectives.cost.name, merit, f"{merit}_simulated")
    )
    reach = np.maximum([value - done[f"{merit}_lower"], done[f"{merit}_upper"] - value], 0)
    look: dict[str, Any] = {"color": style.INK, "capsize": 3, "elinewidth": 1.1, "markersize": 5}
    look |= {"markerfacecolor": "white", "label": "predicted, with interval"}
    axes.errorbar(cost, value, reach, fmt="o", **look, zorder=5)
    marks: Any = ((True, style.GREEN, "D", "inside"), (False, style.PURPLE, "X", "outside"))
    for inside, colour, marker, words in marks:
        own = done["inside"].to_numpy(dtype=bool) == inside
        if own.any():
            label = f"simulated, {words} the interval ({own.sum()})"
            look = {"s": 34, "color": colour, "marker": marker, "edgecolors": "white"}
            axes.scatter(cost[own], simulated[own], **look, linewidths=0.7, zorder=6, label=label)


@style.applied()
def draw_screening(result: ScreeningResult, confirmed: pd.DataFrame | None = None) -> Figure:
    """Merit against cost of all designs, with the front and the confirmed designs."""
    figure, axes = style.new_panel(INCHES)
    _draw_cloud(axes, result)
    _draw_front(axes, result)
    if confirmed is not None and len(confirmed):
        _draw_confirmed(axes, result, confirmed)
    cost, merit = result.objectives.cost, result.merit
    axes.set_xlabel(style.quantity(cost.description, cost.unit))
    axes.set_ylabel(style.quantity(f"predicted {merit.description}", merit.unit))
    axes.margins(0.03)
    every = f", one in {result.stride} drawn" if result.stride > 1 else ""
    axes.set_title(f"{result.plan.count:,} designs{every}", color=style.QUIET)
    return style.legend(figure)
