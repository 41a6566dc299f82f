"""Figures of the training: they survive whatever a training leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from matops.artifacts.model.model import LearningPoint
from matops.artifacts.pages.plots.style import to_svg
from matops.artifacts.pages.plots.training import draw_learning_curve, draw_training
from matops.core.data.target import Target
from matops.core.learning.training import EpochLog

Texts = Callable[[str], str]
MODULUS = Target("K_VRH", "GPa", "bulk modulus", "log10", lower=0.0)
ENERGY = Target("energy", "eV/atom", "energy of formation")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("losses", [[1.0], [1.0, float("nan")], [0.5, 0.0], [0.3, 0.3]])
def test_training_curves_survive_a_training_that_went_wrong(
    texts: Texts, losses: list[float]
) -> None:
    epochs = [EpochLog(m, e, loss) for m in range(3) for e, loss in enumerate(losses)]
    assert "member 2" in texts(to_svg(draw_training(epochs), "t"))


@pytest.mark.filterwarnings("error")
def test_learning_curve_is_logarithmic_and_names_every_target(texts: Texts) -> None:
    curve = [LearningPoint(n, {"K_VRH": 0.9 / n, "energy": 0.0}) for n in (400, 50, 100)]
    figure = draw_learning_curve(curve, [MODULUS, ENERGY])
    assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"
    said = texts(to_svg(figure, "l"))
    assert all(word in said for word in ("K_VRH (log10(GPa))", "energy (eV/atom)", "50", "400"))
