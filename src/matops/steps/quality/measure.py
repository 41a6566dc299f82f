"""Measurements of a trained model on held-out rows: everything the gates read."""

import time
from collections.abc import Sequence

import numpy as np

from matops.core.data.record import Payload
from matops.core.data.tables import Tables
from matops.core.predictor import Predictor
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import paired_difference, rank_correlation, target_errors
from matops.core.quality.uncertainty import (
    ConditionalCoverage,
    Conformal,
    conditional_coverage,
    coverage_upper_end,
    measured_coverage,
)
from matops.steps.quality.held_out import HeldOut


def measure_errors(test: HeldOut, conformal: Conformal) -> dict[str, Measurement]:
    """Errors of all rows; coverage and width of the intervals, which none has out of domain.

    The components of an array are pooled.
    """
    half_width = conformal.half_width(test.mean, test.spread)
    _, group_of = np.unique(test.groups, return_inverse=True)
    measurements: dict[str, Measurement] = {}
    for target in test.truth.targets:
        truth, mean = test.truth.numbers(target), test.mean.numbers(target)
        half, groups = half_width.numbers(target), group_of[test.truth.sample_of(target)]
        measurements |= target_errors(target, truth, mean, groups)
        inside = test.is_inside(target)
        if not inside.any():
            continue
        truth, mean, half, groups = truth[inside], mean[inside], half[inside], groups[inside]
        coverage = measured_coverage(truth, mean, half, groups)
        measurements[f"{target.name}.coverage"] = coverage
        measurements[f"{target.name}.coverage_high"] = Measurement(
            coverage_upper_end(coverage, conformal), "1", rows=coverage.rows
        )
        measurements[f"{target.name}.interval_half_width"] = Measurement(
            float(np.median(half)), target.scaled_unit, rows=len(truth)
        )
    return measurements


def coverage_by_part(test: HeldOut, conformal: Conformal) -> dict[str, ConditionalCoverage]:
    """Coverage of every target by tenths of its predicted values and quarters of the spread.

    Rows out of domain have no interval, and don't count.
    """
    half_width = conformal.half_width(test.mean, test.spread)
    _, group_of = np.unique(test.groups, return_inverse=True)
    by_part = {}
    for target in test.truth.targets:
        inside = test.is_inside(target)
        if inside.any():
            by_part[target.name] = conditional_coverage(
                test.truth.numbers(target)[inside],
                test.mean.numbers(target)[inside],
                half_width.numbers(target)[inside],
                test.spread.numbers(target)[inside],
                group_of[test.truth.sample_of(target)][inside],
            )
    return by_part


def measure_against_champion(
    truth: Tables, challenger: Tables, champion: Tables, groups: Sequence[str]
) -> dict[str, Measurement]:
    """Challenger's minus champion's error on the same rows, and the upper end of its interval."""
    measurements = {}
    _, group_of = np.unique(groups, return_inverse=True)
    for target in champion.targets:
        difference = paired_difference(
            target.scaled_unit,
            np.abs(challenger.numbers(target) - truth.numbers(target)),
            np.abs(champion.numbers(target) - truth.numbers(target)),
            group_of[truth.sample_of(target)],
        )
        measurements[f"{target.name}.mae_over_champion"] = difference
        high = difference.high if difference.high is not None else np.nan
        measurements[f"{target.name}.mae_over_champion_high"] = Measurement(
            high, difference.unit, rows=difference.rows
        )
    return measurements


def error_rank_correlation(test: HeldOut) -> dict[str, float]:
    """Spearman correlation of domain score and absolute error, by target."""
    score = np.array([s.score for s in test.scores])
    error = test.mean.each(lambda mean, truth: np.abs(mean - truth), test.truth)
    return {
        target.name: rank_correlation(score[error.sample_of(target)], error.numbers(target))
        for target in error.targets
    }


def measure_latency(predictor: Predictor, payloads: Sequence[Payload]) -> dict[str, Measurement]:
    """Time of a single request, from payload to prediction, in process."""
    predictor.predict(payloads[:1])
    taken_ms = []
    for payload in payloads:
        start = time.perf_counter()
        predictor.predict([payload])
        taken_ms.append(1e3 * (time.perf_counter() - start))
    return {
        f"latency.p{percent}": Measurement(float(taken), "ms", rows=len(payloads))
        for percent, taken in zip((50, 95), np.quantile(taken_ms, [0.5, 0.95]), strict=True)
    }
