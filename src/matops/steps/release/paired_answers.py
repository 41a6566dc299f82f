"""What both arms of a release answer to the same requests."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from matops.artifacts.model.package import Golden, golden_difference
from matops.core.data.record import Payload
from matops.core.family import Family
from matops.core.quality.prediction import Estimate, Prediction
from matops.core.release.rollout import Rollout
from matops.core.release.traffic import PairedAnswers
from matops.steps.ports import ArmClient, Serving

RUNNING_TOLERANCE = 1e-4
"""Relative difference of a running server's answer that is no mismatch: its batches differ."""
MOST_MIRRORED = 32
MOST_S = 30.0
"""Longest time that one comparison may take; what was asked by then counts."""


Pair = tuple[Prediction | None, Prediction | None]
"""Candidate's and other arm's answers to one request; None where there was none."""


def gather_pairs(
    family: Family,
    rollout: Rollout,
    golden: Golden,
    serving: Serving,
    client: ArmClient,
    interval_ratio: float,
    clock: Callable[[], float] = time.monotonic,
) -> PairedAnswers | None:
    """Ask both arms the golden requests of the candidate, and what clients asked lately.

    A candidate's interval over ``interval_ratio`` times as wide as the other arm's is counted;
    ``clock`` has the seconds for the longest time of a comparison. None between releases.
    """
    candidate, other = rollout.candidate, rollout.reference
    if candidate is None:
        return None
    urls = [serving.address(family, arm) for arm in (candidate, other)]
    # The arm with the ordinary clients; the other's may be few.
    recent = client.recent(serving.address(family, rollout.champion))[-MOST_MIRRORED:]
    deadline = clock() + MOST_S
    pairs: list[Pair] = []
    for payload in (*golden.requests, *recent):
        if pairs and clock() > deadline:
            break
        pairs.append((client.ask(urls[0], family, payload), client.ask(urls[1], family, payload)))
    own = [candidate for candidate, _ in pairs[: len(golden.requests)]]
    count = _count(pairs, golden_mismatches(golden, own), interval_ratio)
    return replace(count, recent=max(0, len(pairs) - len(golden.requests)))


def golden_mismatches(golden: Golden, answers: Sequence[Prediction | None]) -> int:
    """Golden requests that a running server answers otherwise than recorded."""
    return sum(
        answer is not None and not _is_as_recorded(request, recorded, answer)
        for request, recorded, answer in zip(golden.requests, golden.answers, answers, strict=False)
    )


def _is_as_recorded(request: Payload, recorded: Prediction, answer: Prediction) -> bool:
    if set(recorded.estimates) != set(answer.estimates):
        return False
    one = Golden((dict(request),), (recorded,))
    # Not finite is a difference, too.
    return golden_difference(one, [answer]) <= RUNNING_TOLERANCE


def _count(pairs: Sequence[Pair], mismatches: int, interval_ratio: float) -> PairedAnswers:
    answered = [(own, other) for own, other in pairs if own and other]
    own = [candidate for candidate, _ in pairs if candidate]
    targets = sorted({name for prediction in own for name in prediction.estimates})
    wider = partial(_is_wider, interval_ratio)
    return PairedAnswers(
        asked=len(pairs),
        champion_failed=sum(other is None for _, other in pairs),
        candidate_failed=sum(candidate is None for candidate, _ in pairs),
        not_finite=sum(not _is_finite(prediction) for prediction in own),
        outside_interval={name: _share(_is_far, name, answered) for name in targets},
        golden_mismatches=mismatches,
        far_wider={name: _share(wider, name, answered) for name in targets},
        both_failed=pairs.count((None, None)),
    )


def _is_finite(prediction: Prediction) -> bool:
    return all(
        bool(np.isfinite(value).all())
        for estimate in prediction.estimates.values()
        for value in (estimate.value, estimate.lower, estimate.upper)
        if value is not None
    )


def _share(
    holds: Callable[[Estimate, Estimate], float],
    target: str,
    answered: Sequence[tuple[Prediction, Prediction]],
) -> float:
    both = [
        (own.estimates[target], other.estimates[target])
        for own, other in answered
        if target in other.estimates
    ]
    # Out of domain there is no interval to compare with.
    both = [pair for pair in both if not any(estimate.lower is None for estimate in pair)]
    return sum(starmap(holds, both)) / len(both) if both else 0.0


def _is_far(one: Estimate, other: Estimate) -> float:
    """Share of an estimate's numbers that are farther apart than both half widths together."""
    if np.shape(one.value) != np.shape(other.value):
        return 1.0
    near = np.abs(np.subtract(one.value, other.value)) <= (_width(one) + _width(other)) / 2
    return 1.0 - float(np.mean(near))


def _is_wider(ratio: float, one: Estimate, other: Estimate) -> float:
    """Share of intervals more than so many times as wide as another's; NaN is."""
    if np.shape(one.value) != np.shape(other.value):
        return 1.0
    return 1.0 - float(np.mean(_width(one) <= ratio * _width(other)))


def _width(estimate: Estimate) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        ends = np.asarray(estimate.upper, float), np.asarray(estimate.lower, float)
        return np.asarray(np.subtract(*ends))
