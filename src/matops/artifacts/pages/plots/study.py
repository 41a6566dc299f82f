"""The figure of a study: error against what was varied, or a line of errors for each variant."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from matops.artifacts.pages.plots import style
from matops.core.exploring.study import POOLED, Study, VariantResult
from matops.core.quality.gate import Measurement

METRICS: Mapping[str, str] = {"r2": "R²", "mae": "MAE", "rmse": "RMSE", "mae_scaled": "MAE"}
PANEL_INCHES, ROW_INCHES = (4.6, 3.9), 0.34

Array = NDArray[np.float64]


def _reach(measured: Sequence[Measurement]) -> tuple[Array, Array]:
    """Values, shape (n,), and the distances to the ends of their intervals, shape (2, n)."""
    ends = [
        (m.value, m.value if m.low is None else m.low, m.value if m.high is None else m.high)
        for m in measured
    ]
    value, low, high = np.array(ends).T
    return value, np.maximum([value - low, high - value], 0)


def _metric(study: Study, target: str, results: Sequence[VariantResult]) -> list[Measurement]:
    return [result.errors[target][study.metric] for result in results]


def _series(results: Sequence[VariantResult]) -> dict[str, list[VariantResult]]:
    """Results by series, in the order of the study."""
    series: dict[str, list[VariantResult]] = {}
    for result in results:
        series.setdefault(result.variant.series, []).append(result)
    return series


def _lines(axes: Axes, study: Study, target: str, results: Sequence[VariantResult]) -> None:
    """A line for each series, with intervals."""
    for i, (name, own) in enumerate(_series(results).items()):
        own = sorted(own, key=lambda result: result.variant.x or 0.0)
        colour, marker, line = style.SERIES[i % len(style.SERIES)]
        value, reach = _reach(_metric(study, target, own))
        at = [result.variant.x or 0.0 for result in own]
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": line}
        look |= {"markersize": 5.5, "linewidth": 1.4, "elinewidth": 1.0, "capsize": 2.5}
        axes.errorbar(at, value, reach, label=name, **look)
    if study.log_x:
        axes.set_xscale("log")
    at = sorted({result.variant.x or 0.0 for result in results})
    axes.set_xticks(at, [f"{x:,g}" for x in at])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel=study.x_label, ylabel=_axis_label(study, target, results))


def _axis_label(study: Study, target: str, results: Sequence[VariantResult]) -> str:
    return style.quantity(METRICS[study.metric], _metric(study, target, results)[0].unit)


def _rows(axes: Axes, study: Study, target: str, results: Sequence[VariantResult]) -> None:
    """A point with its interval for each variant, and the number at the right.

    No bars: their length would only mean something from zero, where differences can't be seen.
    """
    series = list(_series(results))
    height = -np.arange(len(results), dtype=float)
    value, reach = _reach(_metric(study, target, results))
    for y, result, x, ends in zip(height, results, value, reach.T, strict=True):
        colour, marker, _ = style.SERIES[series.index(result.variant.series) % len(style.SERIES)]
        axes.errorbar(
            x, y, xerr=ends[:, None], color=colour, marker=marker, markersize=5.5, capsize=2.5
        )
        beside: Any = {"xycoords": ("axes fraction", "data"), "va": "center", "color": style.INK}
        axes.annotate(f"{x:#.3g}".replace("-", "−"), (1.015, y), **beside)
    axes.set_yticks(height, [result.variant.label for result in results])
    axes.set_ylim(height[-1] - 0.6, 0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(_axis_label(study, target, results))


@style.applied()
def draw_study(study: Study, results: Sequence[VariantResult]) -> Figure:
    """A panel for each target that the study shows, all with the study's metric."""
    shown = [target for target in study.shown if target in results[0].errors]
    shown = shown or list(results[0].errors)
    along_x = all(result.variant.x is not None for result in results)
    width, height = PANEL_INCHES
    if not along_x:
        height = 1.3 + ROW_INCHES * len(results)
    figure = Figure(figsize=(width * len(shown) + 0.6, height), layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False, sharey=not along_x)[0]
    for axes, target in zip(panels, shown, strict=True):
        (_lines if along_x else _rows)(axes, study, target, results)
        axes.set_title("all targets" if target == POOLED else target, color=style.QUIET)
    figure.suptitle(study.question, x=0.01, ha="left", fontsize=11, color=style.INK)
    if len(_series(results)) > 1 and along_x:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
