"""Figures of a search: its trials over time, their values side by side, and what matters."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from matops.artifacts.exploring.tuning_result import TuningResult
from matops.artifacts.pages.plots import style
from matops.core.exploring.space import Range
from matops.core.exploring.tuning import TrialRecord

AXIS_INCHES, HEIGHT_INCHES, ROW_INCHES = 1.25, 4.2, 0.34
ERROR = "error (standard deviations of the targets)"
STOPPED = "#b8c1ca"


def last_error(trial: TrialRecord) -> float | None:
    """The error of a trial, or what it was when it was stopped; None where it has none."""
    if trial.error is not None:
        return trial.error
    return trial.compared[max(trial.compared)] if trial.compared else None


def _shown(result: TuningResult) -> list[TrialRecord]:
    """Trials that have an error, the best one last, so that it is drawn above the others."""
    shown = [trial for trial in result.trials if last_error(trial) is not None]
    best = result.best
    return sorted(shown, key=lambda t: (t is best, t.error is not None, t.number))


def _look(trial: TrialRecord, result: TuningResult) -> dict[str, Any]:
    if result.best is not None and trial.number == result.best.number:
        return {"color": style.ORANGE, "linewidth": 2.2, "zorder": 4}
    if trial.error is None:
        return {"color": STOPPED, "linewidth": 0.8, "zorder": 2}
    return {"color": style.BLUE, "linewidth": 1.0, "alpha": 0.7, "zorder": 3}


def _heights(result: TuningResult, path: str, trials: Sequence[TrialRecord]) -> NDArray[np.float64]:
    """Where a field's values lie on its axis, from 0 to 1."""
    of = result.plan.space.fields[path]
    values = [trial.values[path] for trial in trials]
    if isinstance(of, Range):
        ends = np.array([of.low, of.high], dtype=float)
        numbers = np.array(values, dtype=float)
        if of.log:
            ends, numbers = np.log(ends), np.log(numbers)
        return np.asarray((numbers - ends[0]) / (ends[1] - ends[0]))
    options = [json.dumps(value) for value in of.values]
    places = np.array([options.index(json.dumps(value)) for value in values])
    return np.asarray(places / max(len(options) - 1, 1))


def _label_axis(axes: Axes, x: int, result: TuningResult, path: str) -> None:
    """The ends of a range, or each of the options, beside a field's axis."""
    axes.axvline(x, color=style.FAINT, linewidth=1.0, zorder=1)
    of = result.plan.space.fields[path]
    if isinstance(of, Range):
        marks = [(0.0, f"{of.low:g}"), (1.0, f"{of.high:g}")]
    else:
        last = max(len(of.values) - 1, 1)
        marks = [(i / last, _option(value)) for i, value in enumerate(of.values)]
    for y, text in marks:
        place: Any = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(text, (x, y), **place, fontsize=7.5, color=style.QUIET, zorder=5)


def _option(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@style.applied()
def draw_trials(result: TuningResult) -> Figure:
    """A line a trial over one axis for each field and a last one for the error."""
    paths, trials = list(result.plan.space.fields), _shown(result)
    width = AXIS_INCHES * (len(paths) + 1) + 0.6
    figure, axes = style.new_panel((max(width, 5.4), HEIGHT_INCHES))
    errors = np.array([last_error(trial) for trial in trials], dtype=float)
    scaled = np.log(np.maximum(errors, 1e-12))
    reach = np.ptp(scaled) or 1.0
    heights = [_heights(result, path, trials) for path in paths]
    lines = np.stack([*heights, (scaled - scaled.min()) / reach], axis=1)
    for trial, line in zip(trials, lines, strict=True):
        axes.plot(range(len(paths) + 1), line, **_look(trial, result))
    for x, path in enumerate(paths):
        _label_axis(axes, x, result, path)
    axes.axvline(len(paths), color=style.QUIET, linewidth=1.0, zorder=1)
    for y, error in ((0.0, errors.min()), (1.0, errors.max())):
        place: Any = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(f"{error:.3g}", (len(paths), y), **place, fontsize=7.5, color=style.QUIET)
    names = [path.replace(".", ".\n", 1) for path in paths]
    axes.set_xticks(range(len(paths) + 1), [*names, "error"], fontsize=8)
    axes.set_yticks([])
    axes.set_xlim(-0.15, len(paths) + 0.5)
    axes.set_ylim(-0.06, 1.06)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    for label, look in (
        ("best", {"color": style.ORANGE, "linewidth": 2.2}),
        ("finished", {"color": style.BLUE}),
        ("stopped early", {"color": STOPPED}),
    ):
        axes.plot([], [], label=label, **look)
    return style.legend(figure)


@style.applied()
def draw_course(result: TuningResult) -> Figure:
    """Errors of trials against the time spent, and the best so far."""
    figure, axes = style.new_panel((7.2, 3.6))
    minutes = np.cumsum([trial.seconds for trial in result.trials]) / 60
    pairs = list(zip(minutes, result.trials, strict=True))
    done = [(m, t.error) for m, t in pairs if t.error is not None]
    left = [(m, last_error(t)) for m, t in pairs if t.error is None and last_error(t) is not None]
    if left:
        x, y = np.array(left, dtype=float).T
        axes.scatter(x, y, s=16, color=STOPPED, label="stopped early, error by then")
    x, y = np.array(done, dtype=float).T
    axes.scatter(x, y, s=20, color=style.BLUE, label="finished", zorder=3)
    best = np.minimum.accumulate(y)
    end = np.append(x, minutes[-1])
    look: dict[str, Any] = {"color": style.ORANGE, "linewidth": 1.4, "label": "best so far"}
    axes.step(end, np.append(best, best[-1]), where="post", **look, zorder=2)
    axes.set_yscale("log")
    shown = [value for _, value in (*done, *left) if value is not None and np.isfinite(value)]
    style.log_axis(axes.yaxis, min(shown), max(max(shown), min(shown) * 1.01))
    axes.set(xlabel="time in trials (min)", ylabel=ERROR.replace(" (", "\n("))
    return style.legend(figure)


@style.applied()
def draw_importance(result: TuningResult) -> Figure:
    """Shares of the variance of the error, the largest above."""
    names, shares = list(result.importance), list(result.importance.values())
    figure, axes = style.new_panel((7.2, 1.0 + ROW_INCHES * len(names)))
    height = -np.arange(len(names), dtype=float)
    axes.barh(height, shares, height=0.6, color=style.BLUE)
    axes.set_yticks(height, names)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("share of the variance of the error")
    return figure
