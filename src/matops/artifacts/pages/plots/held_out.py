"""Figures of the test rows: parity, residuals, calibration and error by domain score."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray
from scipy.stats import norm

from matops.artifacts.pages.plots import style
from matops.artifacts.pages.plots.points import RASTER_ROWS, Points
from matops.core.data.target import Target
from matops.core.quality.gate import Measurement

Array = NDArray[np.float64]
MAX_STRETCH = 2.5


def _range(target: Target, values: Array) -> tuple[float, float]:
    """Axis limits in physical units around values (n,), with a margin on the learning scale."""
    scaled = target.to_scale(values)
    low, high = (float(scaled.min()), float(scaled.max())) if len(scaled) else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.05
    low, high = target.from_scale(np.array([low - margin, high + margin])).tolist()
    return low, high


def _physical_axes(axes: Axes, which: str, target: Target, values: Array) -> None:
    """Scale and limit the axes named in ``which`` (x, y or xy) for physical values (n,)."""
    low, high = _range(target, values)
    for name in which:
        if target.scale == "log10":
            axes.set(**{f"{name}scale": "log"})
            style.log_axis(getattr(axes, f"{name}axis"), low, high)
        axes.set(**{f"{name}lim": (low, high)})


def _scatter(axes: Axes, points: Points, x: Array, y: Array) -> None:
    for rows, marker in points.parts:
        axes.scatter(x[rows][points.drawn], y[rows][points.drawn], **marker)


@style.applied()
def draw_parity(points: Points) -> Figure:
    """Predicted against true value with intervals, which none has out of domain; log10 as such."""
    (figure, axes), target = style.new_panel(), points.target
    # One broken line for all intervals: a tenth of the size of separate error bars.
    lower, upper, truth = (a[points.drawn] for a in (points.lower, points.upper, points.truth))
    ends = np.stack([lower, upper, np.full_like(truth, np.nan)], axis=1).ravel()
    raster = len(points.truth) > RASTER_ROWS
    look: Any = {"color": style.QUIET, "alpha": 0.35, "linewidth": 0.9, "rasterized": raster}
    axes.plot(np.repeat(truth, 3), ends, label="prediction interval", **look)
    _scatter(axes, points, points.truth, points.predicted)
    _physical_axes(axes, "xy", target, np.concatenate([points.truth, points.predicted]))
    low, high = axes.get_xlim()
    axes.axline((low, low), (high, high), color=style.INK, linewidth=0.9)
    axes.set_box_aspect(1)
    axes.set_xlabel(style.quantity(f"true {target.name}", target.unit))
    axes.set_ylabel(style.quantity(f"predicted {target.name}", target.unit))
    mae = np.abs(points.error).mean() if len(points.error) else np.nan
    dropped = f" ({points.dropped} more can't be drawn)" if points.dropped else ""
    axes.set_title(f"n = {len(points.truth)}{dropped} · MAE = {mae:.3g} {target.scaled_unit}")
    return style.legend(figure)


@style.applied()
def draw_residuals(points: Points) -> Figure:
    """Residual on the learning scale against the predicted value, and its histogram."""
    figure, target, error = style.new_figure(), points.target, points.error
    axes, histogram = figure.subplots(1, 2, sharey=True, width_ratios=(3.4, 1))
    _scatter(axes, points, points.predicted, error)
    _physical_axes(axes, "x", target, points.predicted)
    axes.axhline(0, color=style.INK, linewidth=0.9)
    axes.set_xlabel(style.quantity(f"predicted {target.name}", target.unit))
    axes.set_ylabel(style.quantity("predicted − true", target.scaled_unit))
    bins = int(np.clip(np.sqrt(len(error)) * 1.5, 8, 40))
    histogram.hist(error, bins=bins, orientation="horizontal", color=style.BLUE, alpha=0.75)
    histogram.axhline(0, color=style.INK, linewidth=0.9)
    histogram.set_xlabel("rows")
    if len(error):
        title = f"mean {error.mean():+.2g} · median {np.median(error):+.2g}"
        axes.set_title(title.replace("-", "−"))
        limit = 1.08 * max(float(np.abs(error).max()), 1e-12)
        axes.set_ylim(-limit, limit)
    return style.legend(figure)


@style.applied()
def draw_calibration(points: Points, nominal: float, measured: Measurement | None) -> Figure:
    """Share of rows inside their interval when all intervals are stretched by one factor.

    Rows out of domain have none, and don't count. The ``measured`` coverage is drawn with its
    confidence interval at factor 1.
    """
    figure, axes = style.new_panel()
    needed = np.abs(points.error) / np.maximum(points.half_width, 1e-12)
    needed = np.sort(needed[~points.outside])
    share = np.arange(len(needed) + 1) / max(len(needed), 1)
    reached = np.append(0.0, needed)[points.drawn], share[points.drawn]
    axes.step(*reached, where="post", color=style.BLUE, label="test rows in domain")
    factor = np.linspace(0, MAX_STRETCH, 101)
    normal = 2 * norm.cdf(factor * norm.ppf((1 + nominal) / 2)) - 1
    axes.plot(factor, normal, color=style.QUIET, linestyle="--", linewidth=1, label="normal errors")
    axes.axhline(nominal, color=style.FAINT, linewidth=1, zorder=1)
    axes.axvline(1, color=style.FAINT, linewidth=1, zorder=1)
    if measured is not None and measured.low is not None and measured.high is not None:
        reach = [[max(measured.value - measured.low, 0)], [max(measured.high - measured.value, 0)]]
        look: dict[str, Any] = {"color": style.ORANGE, "capsize": 3, "markersize": 6, "zorder": 4}
        axes.errorbar(1, measured.value, reach, fmt="D", label="as released, 95 % CI", **look)
        axes.set_title(f"nominal {nominal:.1%} · measured {measured.value:.1%}")
    axes.set(xlim=(0, MAX_STRETCH), ylim=(0, 1.02))
    axes.set_xlabel("factor by which every interval is stretched")
    axes.set_ylabel("share of rows in domain inside")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    return style.legend(figure)


@style.applied()
def draw_domain_error(points: Points, correlation: float | None) -> Figure:
    """Absolute error on the learning scale against the domain score."""
    (figure, axes), error = style.new_panel(), np.abs(points.error)
    _scatter(axes, points, points.score, error)
    axes.axvline(1, color=style.INK, linewidth=0.9, linestyle="--", label="edge of training data")
    axes.set_xlim(0, 1.06 * max(1.0, float(points.score.max(initial=0.0))))
    axes.set_ylim(*(np.array([-0.02, 1.06]) * error.max(initial=1e-12)).tolist())
    axes.set_xlabel("domain score (distance to the training data)")
    axes.set_ylabel(style.quantity("|predicted − true|", points.target.scaled_unit))
    if correlation is not None and np.isfinite(correlation):
        axes.set_title(f"rank correlation of score and error = {correlation:.2f}")
    return style.legend(figure)
