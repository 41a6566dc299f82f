"""Figures of what a served model meets, beside what it was trained on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import matplotlib.dates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from matops.artifacts.pages.plots import style
from matops.core.data.target import Target
from matops.core.monitoring.live import LivePoint
from matops.core.release.traffic import Buckets

Array = NDArray[np.float64]

dates: Any = matplotlib.dates  # without types

SMALL = (5.4, 3.1)
TRAINED, MET = "training data", "live"


def _bounds(edges: Sequence[float]) -> Array:
    """Bounds of buckets, shape (n_edges + 1,); the open ones are as wide as their neighbours."""
    inner = np.array(edges[:-1])
    first, last = inner[1] - inner[0], inner[-1] - inner[-2]
    return np.concatenate([[inner[0] - first], inner, [inner[-1] + last]])


def _occupied(histograms: Sequence[Buckets]) -> slice:
    """The buckets that any histogram uses, and one more on each side."""
    used = np.flatnonzero(np.sum([histogram.counts for histogram in histograms], axis=0))
    first, last = (used[0], used[-1]) if len(used) else (0, len(histograms[0].counts) - 1)
    return slice(max(first - 1, 0), min(last + 2, len(histograms[0].counts)))


def _draw_pair(axes: Axes, bounds: Array, train: Buckets | None, live: Buckets) -> None:
    """Densities on ``bounds``, the training data filled and the live samples as a line."""
    shown = _occupied([histogram for histogram in (train, live) if histogram])
    ends = bounds[shown.start : shown.stop + 1]
    for histogram, label in ((train, TRAINED), (live, MET)):
        if histogram is None:
            continue
        share = np.array(histogram.counts[shown]) / max(histogram.total, 1) / np.diff(ends)
        words = f"{label} ({histogram.total:,.0f})"
        if label == TRAINED:
            axes.stairs(share, ends, fill=True, color=style.FAINT, label=words)
        else:
            axes.stairs(share, ends, color=style.BLUE, linewidth=1.6, label=words)
    axes.set(yticks=[], ylim=(0, None), xlim=(ends[0], ends[-1]))
    axes.grid(visible=False)


@style.applied()
def draw_descriptor(name: str, train: Buckets, live: Buckets) -> Figure:
    """A standardised descriptor's two densities."""
    figure, axes = style.new_panel(SMALL)
    _draw_pair(axes, _bounds(train.edges), train, live)
    axes.set(xlabel=f"{name}, in deviations of the training rows", ylabel="density")
    return style.legend(figure)


@style.applied()
def draw_predictions(target: Target, labels: Buckets | None, live: Buckets) -> Figure:
    """A target's labels in the training data and its live predictions; log10 where it is learnt."""
    figure, axes = style.new_panel(SMALL)
    inner = target.to_scale(np.array(live.edges[:-1]))
    _draw_pair(axes, _bounds([*inner, np.inf]), labels, live)
    if target.scale == "log10":
        ticks = [d + np.log10(n) for d in range(-12, 13) for n in (1, 2, 5)]
        low, high = axes.get_xlim()
        axes.set_xticks([tick for tick in ticks if low <= tick <= high])
        axes.xaxis.set_major_formatter(lambda value, _: f"{10**value:.3g}")
    axes.set_xlabel(style.quantity(f"{target.name}: labels and predictions", target.unit))
    axes.set_ylabel("density" if target.scale == "identity" else f"density in log10({target.name})")
    return style.legend(figure)


@style.applied()
def draw_outside(history: Sequence[LivePoint], limit: float) -> Figure:
    """Share out of domain over time, with its 95 % interval (Wilson), and the limit."""
    figure, axes = style.new_panel(SMALL)
    measured = [point for point in history if point.samples >= 1]
    at = _utc(*(point.until for point in measured))
    n = np.array([point.samples for point in measured])
    share = np.clip([point.outside / point.samples for point in measured], 0, 1)
    middle, half = _wilson(share, n)
    axes.vlines(at, middle - half, middle + half, color=style.FAINT, linewidth=4)
    axes.plot(
        at, share, "o", color=style.BLUE, markersize=4, label="share out of domain, 95 % interval"
    )
    axes.axhline(
        limit, color=style.ORANGE, linestyle="--", linewidth=1.2, label=f"limit {limit:.0%}"
    )
    top = max([2 * limit, *(middle + half)])
    axes.set_ylim(0, min(1.02, 1.05 * top))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if history:
        margin = (history[-1].until - history[0].until) / 40 or timedelta(minutes=1)
        axes.set_xlim(*_utc(history[0].until - margin, history[-1].until + margin))
    locator = dates.AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.set_xlabel("UTC")
    return style.legend(figure)


def _utc(*times: datetime) -> Any:
    return [time.astimezone(UTC) for time in times]


def _wilson(share: Array, n: Array) -> tuple[Array, Array]:
    """Middle and half width of the 95 % interval of shares of n. Source: Wilson (1927)."""
    z = 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return middle, half


@style.applied()
def draw_latency(latency_s: Buckets) -> Figure:
    """Share of the requests that were answered within a time, as a staircase."""
    figure, axes = style.new_panel(SMALL)
    edges_ms = 1e3 * np.array(latency_s.edges[:-1])
    within = np.cumsum(latency_s.counts)[:-1] / max(latency_s.total, 1)
    axes.plot(edges_ms, within, "o-", color=style.BLUE, markersize=4, linewidth=1.4)
    for level in (0.5, 0.95):
        axes.axhline(level, color=style.QUIET, linewidth=0.8, linestyle=":")
        look: Any = {"xycoords": ("axes fraction", "data"), "va": "bottom", "color": style.QUIET}
        axes.annotate(f"{level:.0%}", (0.01, level), **look, fontsize=8)
    axes.set_xscale("log")
    used = np.flatnonzero(np.array(latency_s.counts[:-1]))
    last = edges_ms[min(used[-1] + 1, len(edges_ms) - 1)] if len(used) else edges_ms[-1]
    first = edges_ms[max(used[0] - 1, 0)] if len(used) else edges_ms[0]
    axes.set_xlim(0.8 * first, 1.25 * last)
    style.log_axis(axes.xaxis, first, last)
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set(xlabel="answered within (ms)", ylabel=f"share of {latency_s.total:,.0f} requests")
    return figure
