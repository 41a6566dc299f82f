"""What is done with one request, in steps: others have their turns in between."""

import signal
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import orjson

from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Answer, Asked, Outcome, refusal
from matops.adapters.serving.protocols.bodies import read_json
from matops.adapters.serving.protocols.question import INSTANCES, NotFound, Question, Row, Skipped
from matops.adapters.serving.protocols.spoken import Spoken
from matops.core.errors import BadInput
from matops.core.pauses import Pauses
from matops.core.predictor import Predictor
from matops.core.quality.prediction import Prediction

STEP_SECONDS = 0.02
"""Of reading payloads, before others have their turn."""
SMALL_SHARE = 8
"""Of the largest sample; what a pass with no more costs, nobody notices."""
LARGEST_KEPT_BYTES = 256 * 1024
"""Of a first payload that is told along with the answer."""


class TooLarge(BadInput):
    """All samples of a request together would cost too much."""


class TooMuch(Exception):
    """The server has more to do than it can finish in time; the same request may succeed later."""


@dataclass(frozen=True)
class Ready:
    """Samples of a request that was read."""

    samples: list[Any]
    size: int  # in the family's size_unit


Course = Generator[Ready | None, list[Prediction] | None, Answer]
"""Steps of a request. At ``Ready`` it takes its predictions, or ``None``: it is to make them."""


@dataclass(frozen=True)
class Model:
    """A predictor, what it says and what it takes on."""

    predictor: Predictor
    spoken: Spoken
    limits: Limits  # with all sizes given

    @classmethod
    def of(cls, predictor: Predictor, limits: Limits) -> "Model":
        """The model of a predictor."""
        full = limits.of(predictor.family.largest_sample)
        return cls(predictor, Spoken(predictor, full), full)


def course(asked: Asked, model: Model) -> Course:
    """Read a request, have it answered, and write the answer, or why there is none."""
    try:
        question = model.spoken.read(asked)
        yield None
        rows, samples = yield from _read(question, model)
        predictions = yield Ready(samples, sum(map(model.predictor.family.size, samples)))
        if predictions is None:
            predictions = yield from _alone(model, samples)
        made = iter(predictions)
        whole = [next(made) if row is None else row for row in rows]
        answer = model.spoken.write(asked, question, whole)
        return replace(answer, first_payload=_first_payload(question))
    except Exception as error:
        return refusal_for(error)


def refusal_for(error: Exception) -> Answer:
    """The answer to a request that ended with an error."""
    outcomes: dict[type[Exception], Outcome] = {
        NotFound: "not_found",
        TooLarge: "too_large",
        BadInput: "bad_input",
        TooMuch: "overloaded",
    }
    for kind, outcome in outcomes.items():
        if isinstance(error, kind):
            return refusal(outcome, str(error))
    return refusal("error", f"{type(error).__name__}: {error}")


def _read(question: Question, model: Model) -> Pauses[tuple[list[Row | None], list[Any]]]:
    """A place for each sample, taken where it is skipped already, and those that are good."""
    rows: list[Row | None] = []
    samples: list[Any] = []
    size = 0
    left_s, began = model.limits.reading_seconds, time.perf_counter()
    for number, given in enumerate(question.samples):
        try:
            with _time_limit(max(left_s - (time.perf_counter() - began), 1e-3)):
                samples.append(_sample(given, question.are_texts, model))
            rows.append(None)
            size += model.predictor.family.size(samples[-1])
        except BadInput as error:
            where = f"{INSTANCES}[{number}]: " if len(question.samples) > 1 else ""
            if not question.skips:
                raise BadInput(f"{where}{error}") from None
            rows.append(Skipped(" ".join(str(error).split())))
        _check_size(size, number + 1, question, model)
        if (taken_s := time.perf_counter() - began) > STEP_SECONDS:
            left_s -= taken_s
            yield
            began = time.perf_counter()
    return rows, samples


def _sample(given: Any, is_text: bool, model: Model) -> Any:
    family, largest = model.predictor.family, model.limits.sample_size
    what = f"an element of {INSTANCES!r}"
    payload = read_json(given, model.limits.nesting, what) if is_text else given
    sample = family.parse(payload)
    size = family.size(sample)
    if largest is not None and size > largest:
        raise BadInput(f"a sample has {size} {family.size_unit}; at most {largest} are accepted")
    return sample


def _check_size(size: int, samples: int, question: Question, model: Model) -> None:
    """Refuse a request as soon as what was read of it is too much."""
    family, most = model.predictor.family, model.limits.request_size
    if most is not None and size > most:
        raise TooLarge(
            f"the first {samples} of {len(question.samples)} samples have {size:,} "
            f"{family.size_unit} together; at most {most:,} are accepted in one request"
        )


def passes(model: Model, samples: Sequence[Any], largest: int) -> list[list[Any]]:
    """Parts with no more samples, and of no larger size, than a pass may have."""
    parts: list[list[Any]] = []
    size = 0
    for sample in samples:
        own = model.predictor.family.size(sample)
        is_full = parts and len(parts[-1]) == model.limits.pass_samples
        if not parts or is_full or size + own > largest:
            parts.append([])
            size = 0
        parts[-1].append(sample)
        size += own
    return parts


def _alone(model: Model, samples: Sequence[Any]) -> Pauses[list[Prediction]]:
    """Predictions in passes of little, or of one sample: the features of each are one step."""
    predictions: list[Prediction] = []
    for part in passes(model, samples, (model.limits.sample_size or 1) // SMALL_SHARE):
        yield
        predictions += yield from model.predictor.answering(part)
    return predictions


def _first_payload(question: Question) -> bytes:
    first = question.samples[0]
    if not question.are_texts:
        text = orjson.dumps(first)
    else:
        text = first.encode() if isinstance(first, str) else first
    return text if len(text) <= LARGEST_KEPT_BYTES else b""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer; the alarm needs the process's first thread, which this is."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def ring(_signal: int, _frame: FrameType | None) -> None:
    """End the reading of samples that takes too long."""
    raise TooMuch("the samples take longer to read than a request may")
