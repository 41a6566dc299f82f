"""Figures of the evaluation report, drawn without pyplot and written as SVG text."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, FuncFormatter, Locator, LogLocator, NullLocator
from numpy.typing import NDArray
from scipy.stats import norm

from matops.artifacts.model import LearningPoint
from matops.core.gate import Measurement
from matops.core.target import Target
from matops.core.training import EpochLog

Array = NDArray[np.float64]

# Okabe and Ito's palette, which people with any colour vision can tell apart.
BLUE, ORANGE, GREEN, PURPLE, AMBER = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"
INK, QUIET, FAINT = "#1f2933", "#6b7785", "#d5dae0"
SERIES = (
    (BLUE, "o", "-"),
    (ORANGE, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "D", ":"),
    (AMBER, "v", "-"),
)
RASTER_ROWS = 3000
MAX_STRETCH = 2.5

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "matops",
    "text.usetex": False,
    "text.parse_math": False,  # names of targets may hold a dollar sign
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlecolor": QUIET,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#eceff2",
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def _style() -> Iterator[None]:
    with rc_context(STYLE):
        yield


@dataclass(frozen=True)
class Points:
    """Drawable test predictions of one target; every array has shape (n,).

    Attributes:
        target: which property.
        truth: true values, in the target's unit.
        predicted: predicted values, same unit.
        lower: lower ends of the intervals, same unit.
        upper: upper ends of the intervals, same unit.
        score: domain scores.
        outside: which samples are out of domain.
        dropped: rows left out: a number is not finite, or not positive on a logarithmic axis.
    """

    target: Target
    truth: Array
    predicted: Array
    lower: Array
    upper: Array
    score: Array
    outside: NDArray[np.bool_]
    dropped: int = 0

    @property
    def error(self) -> Array:
        """Predicted minus true value on the learning scale."""
        return self.target.to_scale(self.predicted) - self.target.to_scale(self.truth)

    @property
    def half_width(self) -> Array:
        """Half widths of the intervals on the learning scale."""
        return (self.target.to_scale(self.upper) - self.target.to_scale(self.lower)) / 2

    @property
    def parts(self) -> list[tuple[NDArray[np.bool_], dict[str, Any]]]:
        """Rows inside and outside the domain, each with its marker."""
        raster = len(self.truth) > RASTER_ROWS
        size = float(np.clip(6000 / max(len(self.truth), 1), 5, 17))
        inside = {"color": BLUE, "marker": "o", "s": size, "alpha": 0.75, "linewidths": 0}
        outside = {"facecolors": "none", "edgecolors": ORANGE, "marker": "D", "s": 1.4 * size}
        common = {"rasterized": raster, "zorder": 3}
        return [
            (~self.outside, inside | common | {"label": f"in domain ({(~self.outside).sum()})"}),
            (self.outside, outside | common | {"label": f"out of domain ({self.outside.sum()})"}),
        ]


def select_points(target: Target, rows: pd.DataFrame) -> Points:
    """One target's rows of the long table of test predictions, without those not drawable."""
    own = rows[rows["target"] == target.name]
    names = ["truth", "predicted", "lower", "upper", "domain_score"]
    numbers = own[names].to_numpy(dtype=float)
    drawable = np.isfinite(numbers).all(axis=1)
    drawable &= (numbers[:, :4] > 0).all(axis=1) | (target.scale == "identity")
    outside = own["out_of_domain"].to_numpy(dtype=bool)[drawable]
    truth, predicted, lower, upper, score = numbers[drawable].T
    dropped = int((~drawable).sum())
    return Points(target, truth, predicted, lower, upper, score, outside, dropped)


def _quantity(words: str, unit: str) -> str:
    return words if unit == "1" else f"{words} ({unit})"


def _log_axis(axis: Axis, low: float, high: float) -> None:
    """Ticks with plain numbers, and enough of them, on a logarithmic axis from low to high."""
    decades = np.log10(high / low)
    locator: Locator = LogLocator(subs=(1.0,) if decades > 2.5 else (1.0, 2.0, 5.0))
    axis.set_major_locator(AutoLocator() if decades < 0.7 else locator)
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


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
            _log_axis(getattr(axes, f"{name}axis"), low, high)
        axes.set(**{f"{name}lim": (low, high)})


def _scatter(axes: Axes, points: Points, x: Array, y: Array) -> None:
    for rows, marker in points.parts:
        axes.scatter(x[rows], y[rows], **marker)


def _legend(figure: Figure, columns: int = 3) -> None:
    figure.legend(loc="outside lower center", ncols=columns, handletextpad=0.5, columnspacing=1.5)


def _figure() -> Figure:
    return Figure(figsize=(5.4, 4.5), layout="constrained")


@_style()
def draw_parity(points: Points) -> Figure:
    """Predicted against true value with intervals; logarithmic for a log10 target."""
    figure, target = _figure(), points.target
    axes = figure.add_subplot()
    # One broken line for all intervals: a tenth of the size of separate error bars.
    gap = np.full_like(points.truth, np.nan)
    ends = np.stack([points.lower, points.upper, gap], axis=1).ravel()
    raster = len(points.truth) > RASTER_ROWS
    look: dict[str, Any] = {"color": QUIET, "alpha": 0.35, "linewidth": 0.9, "rasterized": raster}
    axes.plot(np.repeat(points.truth, 3), ends, label="prediction interval", **look)
    _scatter(axes, points, points.truth, points.predicted)
    _physical_axes(axes, "xy", target, np.concatenate([points.truth, points.predicted]))
    axes.axline((axes.get_xlim()[0],) * 2, (axes.get_xlim()[1],) * 2, color=INK, linewidth=0.9)
    axes.set_box_aspect(1)
    axes.set_xlabel(_quantity(f"true {target.name}", target.unit))
    axes.set_ylabel(_quantity(f"predicted {target.name}", target.unit))
    mae = np.abs(points.error).mean() if len(points.error) else np.nan
    dropped = f" ({points.dropped} more can't be drawn)" if points.dropped else ""
    axes.set_title(f"n = {len(points.truth)}{dropped} · MAE = {mae:.3g} {target.scaled_unit}")
    _legend(figure)
    return figure


@_style()
def draw_residuals(points: Points) -> Figure:
    """Residual on the learning scale against the predicted value, and its histogram."""
    figure, target, error = _figure(), points.target, points.error
    axes, histogram = figure.subplots(1, 2, sharey=True, width_ratios=(3.4, 1))
    _scatter(axes, points, points.predicted, error)
    _physical_axes(axes, "x", target, points.predicted)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xlabel(_quantity(f"predicted {target.name}", target.unit))
    axes.set_ylabel(_quantity("predicted − true", target.scaled_unit))
    bins = int(np.clip(np.sqrt(len(error)) * 1.5, 8, 40))
    histogram.hist(error, bins=bins, orientation="horizontal", color=BLUE, alpha=0.75)
    histogram.axhline(0, color=INK, linewidth=0.9)
    histogram.set_xlabel("rows")
    if len(error):
        title = f"mean {error.mean():+.2g} · median {np.median(error):+.2g}"
        axes.set_title(title.replace("-", "−"))
        limit = 1.08 * max(float(np.abs(error).max()), 1e-12)
        axes.set_ylim(-limit, limit)
    _legend(figure)
    return figure


@_style()
def draw_calibration(points: Points, nominal: float, measured: Measurement | None) -> Figure:
    """Share of test rows inside their interval when all intervals are stretched by one factor.

    Args:
        points: the test rows.
        nominal: coverage that the intervals were made for.
        measured: measured coverage, drawn with its confidence interval at factor 1.
    """
    figure = _figure()
    axes = figure.add_subplot()
    needed = np.sort(np.abs(points.error) / np.maximum(points.half_width, 1e-12))
    share = np.arange(len(needed) + 1) / max(len(needed), 1)
    axes.step(np.append(0.0, needed), share, where="post", color=BLUE, label="test rows")
    factor = np.linspace(0, MAX_STRETCH, 101)
    normal = 2 * norm.cdf(factor * norm.ppf((1 + nominal) / 2)) - 1
    axes.plot(factor, normal, color=QUIET, linestyle="--", linewidth=1, label="normal errors")
    axes.axhline(nominal, color=FAINT, linewidth=1, zorder=1)
    axes.axvline(1, color=FAINT, linewidth=1, zorder=1)
    if measured is not None and measured.low is not None and measured.high is not None:
        reach = [[max(measured.value - measured.low, 0)], [max(measured.high - measured.value, 0)]]
        look: dict[str, Any] = {"color": ORANGE, "capsize": 3, "markersize": 6, "zorder": 4}
        axes.errorbar(1, measured.value, reach, fmt="D", label="as released, 95 % CI", **look)
        axes.set_title(f"nominal {nominal:.1%} · measured {measured.value:.1%}")
    axes.set(xlim=(0, MAX_STRETCH), ylim=(0, 1.02))
    axes.set_xlabel("factor by which every interval is stretched")
    axes.set_ylabel("share of test rows inside")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    _legend(figure)
    return figure


@_style()
def draw_domain_error(points: Points, correlation: float | None) -> Figure:
    """Absolute error on the learning scale against the domain score."""
    figure, error = _figure(), np.abs(points.error)
    axes = figure.add_subplot()
    _scatter(axes, points, points.score, error)
    axes.axvline(1, color=INK, linewidth=0.9, linestyle="--", label="edge of training data")
    axes.set_xlim(0, 1.06 * max(1.0, float(points.score.max(initial=0.0))))
    axes.set_ylim(*(np.array([-0.02, 1.06]) * error.max(initial=1e-12)).tolist())
    axes.set_xlabel("domain score (distance to the training data)")
    axes.set_ylabel(_quantity("|predicted − true|", points.target.scaled_unit))
    if correlation is not None and np.isfinite(correlation):
        axes.set_title(f"rank correlation of score and error = {correlation:.2f}")
    _legend(figure)
    return figure


@_style()
def draw_training(epochs: Sequence[EpochLog]) -> Figure:
    """Training loss by epoch, one line a member of the ensemble."""
    figure = _figure()
    axes = figure.add_subplot()
    members = sorted({log.member for log in epochs})
    for i, member in enumerate(members):
        own = sorted((log.epoch + 1, log.loss) for log in epochs if log.member == member)
        colour, _, line = SERIES[i % len(SERIES)]
        look: dict[str, Any] = {"color": colour, "linestyle": line, "linewidth": 1.1}
        axes.plot(*np.array(own).T, label=f"member {member}", **look)
    losses = np.array([log.loss for log in epochs])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    if len(losses):
        axes.set_yscale("log")
        _log_axis(axes.yaxis, float(losses.min()), float(losses.max()))
    axes.set_xlabel("epoch")
    axes.set_ylabel("training loss (standardised targets)")
    if 1 < len(members) <= len(SERIES):
        _legend(figure, columns=len(SERIES))
    return figure


@_style()
def draw_learning_curve(curve: Sequence[LearningPoint], targets: Sequence[Target]) -> Figure:
    """MAE on the calibration rows against the number of training rows, both logarithmic."""
    figure = _figure()
    axes = figure.add_subplot(xscale="log", yscale="log")
    points = sorted(curve, key=lambda point: point.rows)
    for i, target in enumerate(targets):
        colour, marker, line = SERIES[i % len(SERIES)]
        own = [(p.rows, p.mae[target.name]) for p in points if p.mae.get(target.name, 0) > 0]
        look: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "linestyle": line,
            "markersize": 5.5,
        }
        label = _quantity(f"MAE of {target.name}", target.scaled_unit)
        axes.plot(*np.array(own).reshape(-1, 2).T, label=label, **look)
    axes.margins(0.08)
    sizes = sorted({point.rows for point in points})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    _log_axis(axes.yaxis, *axes.get_ylim())
    axes.set_xlabel("training rows")
    axes.set_ylabel("error on calibration rows, learning scale")
    _legend(figure)
    return figure


@_style()
def to_svg(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element, the same text each time.

    Args:
        figure: what to write.
        name: unique on the page; all ids of the element begin with it, so that figures on one
            page can't refer to each other's parts.
    """
    buffer = io.StringIO()
    silence = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", dpi=200, metadata=silence)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for reference in (' id="', "url(#", 'xlink:href="#'):
        text = text.replace(reference, f"{reference}{name}-")
    return text
