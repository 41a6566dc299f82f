"""The figure of a study shows the numbers with their intervals, in one form or the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from matops.artifacts.pages.plots.study import draw_study
from matops.artifacts.pages.plots.style import to_svg
from matops.core.exploring.study import POOLED, Metric, Study, Variant, VariantResult
from matops.core.quality.gate import Measurement

Texts = Callable[[str], str]


def result(variant: Variant, value: float, low: float | None, high: float | None) -> VariantResult:
    measured = Measurement(value, "1", low, high, 9)
    found = {"C_11": {"r2": measured}, POOLED: {"r2": measured}}
    return VariantResult(variant, found, 9, 1, 1, 10, 1.0, None)


def sweep(
    shown: tuple[str, ...] = (POOLED,), metric: Metric = "r2"
) -> tuple[Study, list[VariantResult]]:
    """Two series at 20 and 200, out of order, with lopsided intervals."""
    variants = tuple(
        Variant(f"{name} {x}", x=x, series=name) for name in ("scratch", "gold") for x in (200, 20)
    )
    study = Study("s", "Is it worth it?", variants, "structures", True, metric, shown)
    values = (0.8, 0.5, 0.9, 0.7)
    return study, [result(v, y, y - 0.1, y + 0.02) for v, y in zip(variants, values, strict=True)]


def bars(count: int = 3) -> tuple[Study, list[VariantResult]]:
    variants = tuple(Variant(f"network {i}") for i in range(count))
    study = Study("s", "Which one?", variants)
    return study, [result(v, 0.9 - 0.1 * i, 0.5, 0.95) for i, v in enumerate(variants)]


@pytest.mark.filterwarnings("error")
def test_lines_run_along_x_with_their_intervals(texts: Texts) -> None:
    figure = draw_study(*sweep())
    [axes] = figure.axes
    assert axes.get_xscale() == "log"
    found = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    assert [c.get_label() for c in found] == ["scratch", "gold"]
    np.testing.assert_allclose(found[0][0].get_xydata(), [[20, 0.5], [200, 0.8]])
    [ends] = found[0][2]
    np.testing.assert_allclose([s[:, 1] for s in ends.get_segments()], [[0.4, 0.52], [0.7, 0.82]])
    said = texts(to_svg(figure, "s"))
    words = ("Is it worth it?", "structures", "R²", "20", "200", "scratch", "gold", "all targets")
    assert all(word in said for word in words)


@pytest.mark.filterwarnings("error")
def test_variants_without_x_are_rows_from_top_to_bottom_with_their_numbers(texts: Texts) -> None:
    figure = draw_study(*bars())
    [axes] = figure.axes
    labels = {
        t.get_text(): y for t, y in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
    }
    assert labels["network 0"] > labels["network 1"] > labels["network 2"]
    middle = [c for c in axes.containers if isinstance(c, ErrorbarContainer)][1]
    np.testing.assert_allclose(middle[0].get_xydata(), [[0.8, labels["network 1"]]])
    [ends] = middle[2]
    np.testing.assert_allclose(ends.get_segments()[0][:, 0], [0.5, 0.95])
    said = texts(to_svg(figure, "b"))
    assert all(word in said for word in ("Which one?", "0.900", "0.800", "0.700", "R²"))


def test_each_target_that_is_shown_has_a_panel() -> None:
    figure = draw_study(*sweep(shown=("C_11", POOLED)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["C_11", "all targets"]


def test_targets_that_were_not_measured_give_way_to_those_that_were() -> None:
    figure = draw_study(*sweep(shown=("C_99",)))
    assert len(figure.axes) == 2


@pytest.mark.filterwarnings("error")
def test_missing_intervals_and_single_variants_can_be_drawn(texts: Texts) -> None:
    study, [only] = bars(1)
    for r in (only, result(only.variant, 0.4, None, None), result(only.variant, -0.3, -0.5, -0.1)):
        assert "network 0" in texts(to_svg(draw_study(study, [r]), "m"))
