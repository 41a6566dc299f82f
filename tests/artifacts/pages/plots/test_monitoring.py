"""Figures of live traffic: shares of all that was counted, limits where they are, nothing lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from matops.artifacts.pages.plots.monitoring import (
    draw_descriptor,
    draw_latency,
    draw_outside,
    draw_predictions,
)
from matops.artifacts.pages.plots.style import to_svg
from matops.core.data.target import Target
from matops.core.monitoring.drift import EDGES
from matops.core.monitoring.live import LivePoint
from matops.core.release.traffic import Buckets

Texts = Callable[[str], str]
MODULUS = Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def stairs(figure: Figure) -> list[StepPatch]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)]


def area(patch: StepPatch) -> float:
    values, edges, _ = patch.get_data()
    return float(np.sum(values * np.diff(edges)))


@pytest.mark.filterwarnings("error")
def test_both_densities_hold_all_samples_even_beyond_the_edges(texts: Texts) -> None:
    train = Buckets.of(np.random.default_rng(0).normal(size=500), EDGES)
    live = Buckets.of(np.array([-99.0, 0.1, 0.1, 99.0]), EDGES)
    figure = draw_descriptor("size", train, live)
    assert [area(patch) for patch in stairs(figure)] == pytest.approx([1.0, 1.0])
    said = texts(to_svg(figure, "d"))
    assert all(w in said for w in ("size, in deviations", "training data (500)", "live (4)"))


@pytest.mark.filterwarnings("error")
def test_predictions_have_plain_ticks_and_their_unit(texts: Texts) -> None:
    edges = (*np.logspace(0, 3, 13).tolist(), math.inf)
    live = Buckets.of(np.array([55.0, 120.0, 180.0]), edges)
    alone, beside = draw_predictions(MODULUS, None, live), draw_predictions(MODULUS, live, live)
    assert (len(stairs(alone)), len(stairs(beside))) == (1, 2)
    said = texts(to_svg(alone, "p"))
    assert all(words in said for words in ("(GPa)", "\n100\n", "\n200\n", "live (3)"))


@pytest.mark.filterwarnings("error")
def test_steps_without_samples_are_left_out_and_the_limit_stays_in_sight() -> None:
    history = [
        LivePoint(NOON + timedelta(hours=i), n, k) for i, (n, k) in enumerate([(0, 0), (40, 2)])
    ]
    axes = draw_outside(history, 0.1).axes[0]
    points, limit = axes.lines
    assert np.asarray(points.get_ydata()).tolist() == [0.05]
    assert limit.get_ydata() == pytest.approx([0.1, 0.1])
    assert axes.get_ylim()[1] > 0.1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("history", [[], [LivePoint(NOON, 5.0, 5.0)]])
def test_hardly_any_history_is_drawn_without_complaint(history: list[LivePoint]) -> None:
    assert "<svg" in to_svg(draw_outside(history, 0.1), "o")


@pytest.mark.filterwarnings("error")
def test_latency_rises_to_the_share_below_the_last_finite_edge() -> None:
    latency = Buckets((0.01, 0.1, 1.0, math.inf), (10.0, 80.0, 5.0, 5.0))
    line = draw_latency(latency).axes[0].lines[0]
    assert np.asarray(line.get_xdata()).tolist() == [10, 100, 1000]
    assert np.asarray(line.get_ydata()) == pytest.approx([0.1, 0.9, 0.95])
