"""What computes: the predictor in a process of its own, apart from the one that listens.

The listening process stays responsive whatever is computed, and a sample that brings the computing
one down costs no other request.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

from matops.core.data.record import Payload
from matops.core.errors import BadInput
from matops.core.quality.prediction import Prediction
from matops.physics.arrays import IntArray

if TYPE_CHECKING:
    from matops.core.predictor import Predictor

Load = Callable[[], "Predictor"]
"""Picklable factory of a predictor."""

_loaded: list[Predictor] = []
"""The predictor of this process."""


@dataclass(frozen=True)
class Reading:
    """Limits of what one request's samples may cost."""

    sample_size: int  # in the family's size_unit
    seconds: float  # to make samples of a request's payloads
    pass_samples: int  # in one pass through the network


@dataclass(frozen=True)
class Refused:
    """A request that can't be answered: the client's fault, or else the server's."""

    reason: str
    is_bad_input: bool


Outcome = list[Prediction] | Refused


@dataclass(frozen=True)
class Answered:
    """What became of some requests."""

    outcomes: list[Outcome]  # one for each request
    passes: list[int]  # samples of each pass through the network
    # counts of the samples that were answered, a batch each
    descriptors: list[IntArray] = field(default_factory=list)


def warm_up(load: Load) -> None:
    """Load this process's predictor, unless it has done so; a package answers its golden requests.

    Raises:
        BadInput: the package is damaged.
    """
    if not _loaded:
        # Of the libraries of models, the process that listens needs none.
        from matops.adapters.serving.batches.counting import count_descriptors

        # A terminal sends its interrupt to all; the parent finishes what it has accepted first.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _loaded.append(count_descriptors(load()))
        freeze_gc()


def take_counts(predictor: Predictor) -> list[IntArray]:
    """What was counted since the last time; none for a predictor that does not count."""
    waiting = getattr(predictor.domain, "waiting", [])
    taken = list(waiting)
    waiting.clear()
    return taken


def freeze_gc() -> None:
    """Exempt the objects that are in memory now from garbage collection: they stay to the end.

    That is about a million objects of libraries. A full collection stops a process for a fifth of
    a second, and under load there would be one every few hundred requests.
    """
    gc.collect()
    gc.freeze()


def answer(load: Load, requests: Sequence[Sequence[Payload]], reading: Reading) -> Answered:
    """Answer requests together; a bad sample fails its own request only."""
    warm_up(load)
    predictor = _loaded[0]
    read = [_read(predictor, payloads, reading) for payloads in requests]
    good = [samples for samples in read if not isinstance(samples, Refused)]
    passes = _passes(predictor, [sample for samples in good for sample in samples], reading)
    try:
        predictions = iter([p for part in passes for p in predictor.answer(part)])
        together: Iterator[Outcome] = iter(
            [[next(predictions) for _ in samples] for samples in good]
        )
    except Exception:
        # One of them is to blame, or all are: each alone says which, and is counted then.
        take_counts(predictor)
        together = iter([_alone(predictor, samples, reading) for samples in good])
    outcomes = [item if isinstance(item, Refused) else next(together) for item in read]
    return Answered(outcomes, [len(part) for part in passes], take_counts(predictor))


def _read(
    predictor: Predictor, payloads: Sequence[Payload], reading: Reading
) -> list[Any] | Refused:
    try:
        with _time_limit(reading.seconds):
            samples = [predictor.family.parse(payload) for payload in payloads]
        for sample in samples:
            _check_size(predictor, sample, reading.sample_size)
    except Exception as error:
        return _refused(error)
    return samples


def _check_size(predictor: Predictor, sample: Any, largest: int) -> None:
    size, unit = predictor.family.size(sample), predictor.family.size_unit
    if size > largest:
        raise BadInput(f"a sample has {size} {unit}; at most {largest} are accepted")


def _passes(predictor: Predictor, samples: Sequence[Any], reading: Reading) -> list[list[Any]]:
    """Parts that cost no more than the largest sample, or than the largest number of them."""
    parts: list[list[Any]] = []
    size = 0
    for sample in samples:
        own = predictor.family.size(sample)
        is_full = parts and len(parts[-1]) == reading.pass_samples
        if not parts or is_full or size + own > reading.sample_size:
            parts.append([])
            size = 0
        parts[-1].append(sample)
        size += own
    return parts


def _alone(predictor: Predictor, samples: Sequence[Any], reading: Reading) -> Outcome:
    try:
        parts = _passes(predictor, samples, reading)
        return [prediction for part in parts for prediction in predictor.answer(part)]
    except Exception as error:
        return _refused(error)


def _refused(error: Exception) -> Refused:
    if isinstance(error, BadInput):
        return Refused(" ".join(str(error).split()), is_bad_input=True)
    return Refused(f"{type(error).__name__}: {' '.join(str(error).split())}", is_bad_input=False)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer; the alarm needs the process's first thread, which this is."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise BadInput(f"the samples took more than {seconds:g} s to read")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
