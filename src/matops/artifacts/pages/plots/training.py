"""Figures of the training: loss by epoch, and error by number of training rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from matops.artifacts.model.model import LearningPoint
from matops.artifacts.pages.plots import style
from matops.core.data.target import Target
from matops.core.learning.training import EpochLog


@style.applied()
def draw_training(epochs: Sequence[EpochLog]) -> Figure:
    """Training loss by epoch, one line a member of the ensemble."""
    figure, axes = style.new_panel()
    members = sorted({log.member for log in epochs})
    for i, member in enumerate(members):
        own = sorted((log.epoch + 1, log.loss) for log in epochs if log.member == member)
        colour, _, line = style.SERIES[i % len(style.SERIES)]
        look: dict[str, Any] = {"color": colour, "linestyle": line, "linewidth": 1.1}
        axes.plot(*np.array(own).T, label=f"member {member}", **look)
    losses = np.array([log.loss for log in epochs])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    if len(losses):
        axes.set_yscale("log")
        style.log_axis(axes.yaxis, float(losses.min()), float(losses.max()))
    axes.set(xlabel="epoch", ylabel="training loss (standardised targets)")
    few = 1 < len(members) <= len(style.SERIES)
    return style.legend(figure, columns=len(style.SERIES)) if few else figure


@style.applied()
def draw_learning_curve(curve: Sequence[LearningPoint], targets: Sequence[Target]) -> Figure:
    """MAE on the calibration rows against the number of training rows, both logarithmic."""
    figure, axes = style.new_panel(xscale="log", yscale="log")
    points = sorted(curve, key=lambda point: point.rows)
    for i, target in enumerate(targets):
        colour, marker, line = style.SERIES[i % len(style.SERIES)]
        own = [(p.rows, p.mae[target.name]) for p in points if p.mae.get(target.name, 0) > 0]
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": line}
        label = style.quantity(f"MAE of {target.name}", target.scaled_unit)
        axes.plot(*np.array(own).reshape(-1, 2).T, label=label, markersize=5.5, **look)
    axes.margins(0.08)
    sizes = sorted({point.rows for point in points})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    style.log_axis(axes.yaxis, *axes.get_ylim())
    axes.set(xlabel="training rows", ylabel="error on calibration rows, learning scale")
    return style.legend(figure)
