"""Models that are wrong as real ones are: gates are shown to refuse them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matops.core.data.tables import Tables
from matops.core.data.target import Target, scalars_of

Answer = Callable[[Sequence[Any]], Tables]
"""A model's answers to parsed samples, on the learning scales."""


@dataclass(frozen=True, eq=False)
class JudgedModel:
    """A model as its judge sees it: what it answers, how it was calibrated, how fast it is."""

    answer: Answer
    # size of its errors on the calibration rows over that on the test rows; 1 where it is honest
    calibration_errors: float = 1.0
    delay_s: float = 0.0  # time it takes more than it needs, for each call


Break = Callable[[JudgedModel], JudgedModel]
"""Makes a broken model of a good one."""


def answering(change: Callable[[Tables], Tables]) -> Break:
    """Breaks the answers, whatever the samples are."""
    return lambda model: replace(model, answer=lambda samples: change(model.answer(samples)))


def common_breaks(targets: Sequence[Target], latency_limit_ms: float | None) -> Mapping[str, Break]:
    """What goes wrong with models of any kind of sample."""
    rng = np.random.default_rng(0)
    breaks: dict[str, Break] = {
        "a constant": answering(lambda t: t.each(_first_row_everywhere)),
        "noise": answering(lambda t: t.each(lambda a: a + rng.normal(size=a.shape) * _size(a))),
        "weights scaled by 1.5": answering(lambda t: t.each(lambda a: 1.5 * a)),
        "kbar for GPa, or another factor of ten": answering(
            lambda t: t.from_scale().each(lambda a: 10 * a).to_scale()
        ),
        "overconfident: calibrated on rows that trained it": lambda model: replace(
            model, calibration_errors=0.1
        ),
        "intervals so wide that they always cover": lambda model: replace(
            model, calibration_errors=100.0
        ),
    }
    if len(scalars_of(targets)) == len(targets) > 1:
        breaks["targets exchanged"] = answering(lambda t: t.each(lambda a: a[..., ::-1]))
    if any(target.scale == "log10" for target in targets):
        breaks["natural for decimal logarithm"] = answering(
            lambda t: t.each_target(
                lambda target, a: a * np.log(10) if target.scale == "log10" else a
            )
        )
    if latency_limit_ms is not None:
        breaks["slow"] = lambda model: replace(model, delay_s=1.1e-3 * latency_limit_ms)
    return breaks


def _first_row_everywhere(table: np.ndarray) -> np.ndarray:
    return np.broadcast_to(table[..., :1, :], table.shape).copy()


def _size(table: np.ndarray) -> float:
    return float(np.abs(table).mean())
