"""Whose turn it is in a process that computes: what is small is never behind what is large."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from matops.adapters.serving.batches.counting import take_counts
from matops.adapters.serving.batches.course import (
    SMALL_SHARE,
    Course,
    Model,
    Ready,
    TooMuch,
    course,
    passes,
)
from matops.adapters.serving.batches.told import SMALL_BODY_BYTES, Ask, Drop, Turn
from matops.adapters.serving.protocols.asked import Answer
from matops.core.quality.prediction import Prediction


@dataclass(eq=False)
class _UnderWay:
    number: int
    steps: Course
    size: int = 0  # of a large one that has been read, which is computed alone


class Desk:
    """Requests under way in one process.

    Small ones are read at once and answered together; after each such round one of the others
    takes one step, in turns.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        largest = model.limits.sample_size or 1
        self._small_size = max(1, largest // SMALL_SHARE)
        self._round_size = max(1, largest // 2)
        self._most_size = 2 * (model.limits.request_size or 1)
        self._new: deque[_UnderWay] = deque()
        self._others: deque[_UnderWay] = deque()
        self._numbers: set[int] = set()
        self._large_size = 0  # of all that are computed alone

    @property
    def has_work(self) -> bool:
        """Whether any request is under way."""
        return bool(self._new or self._others)

    def take(self, message: Ask | Drop) -> None:
        """Begin with a request, or end with it."""
        if isinstance(message, Drop):
            self._numbers.discard(message.number)
            return
        self._numbers.add(message.number)
        begun = _UnderWay(message.number, course(message.asked, self._model))
        is_small = len(message.asked.body) <= SMALL_BODY_BYTES
        (self._new if is_small else self._others).append(begun)

    def turns(self) -> Iterator[Turn]:
        """A round of the small ones, then one step of another."""
        if self._new:
            yield self._round()
        if self._others:
            yield self._step()

    def _round(self) -> Turn:
        turn = Turn()
        together: list[tuple[_UnderWay, Ready]] = []
        for _ in range(min(len(self._new), self._model.limits.pass_samples)):
            self._advance(self._new.popleft(), turn, together, is_first=True)
        self._answer(together, turn)
        return turn

    def _step(self) -> Turn:
        turn = Turn()
        together: list[tuple[_UnderWay, Ready]] = []
        self._advance(self._others.popleft(), turn, together)
        self._answer(together, turn)
        return turn

    def _advance(
        self,
        one: _UnderWay,
        turn: Turn,
        together: list[tuple[_UnderWay, Ready]],
        is_first: bool = False,
    ) -> None:
        """Take a step of a request; a small one is read in its first."""
        if one.number not in self._numbers:
            one.steps.close()
            self._large_size -= one.size
            return
        try:
            event = next(one.steps)
            if event is None and is_first:
                event = next(one.steps)
            if event is None:
                self._others.append(one)
            elif event.size <= self._small_size:
                together.append((one, event))
            else:
                self._go_alone(one, event)
        except StopIteration as end:
            self._end(one, end.value, turn)

    def _go_alone(self, one: _UnderWay, ready: Ready) -> None:
        """Begin to compute a large one, unless too many are under way.

        Raises:
            StopIteration: it has its answer.
        """
        if self._large_size and self._large_size + ready.size > self._most_size:
            unit = self._model.predictor.family.size_unit
            busy = f"samples with {self._large_size:,} {unit} are being computed already"
            one.steps.throw(TooMuch(busy))
        one.size = ready.size
        self._large_size += ready.size
        one.steps.send(None)
        self._others.append(one)

    def _answer(self, together: list[tuple[_UnderWay, Ready]], turn: Turn) -> None:
        """Answer small requests in common passes; a bad sample fails its own request only."""
        predictor = self._model.predictor
        parts = passes(
            self._model, [s for _, ready in together for s in ready.samples], self._round_size
        )
        try:
            made = iter([p for part in parts for p in predictor.answer(part)])
        except Exception:
            # One of them is to blame, or all are: each alone says which, and is counted then.
            take_counts(predictor)
            for one, ready in together:
                self._answer_alone(one, ready, turn)
        else:
            for one, ready in together:
                self._send(one, [next(made) for _ in ready.samples], turn)
        turn.passes += map(len, parts)
        turn.descriptors += take_counts(predictor)

    def _answer_alone(self, one: _UnderWay, ready: Ready, turn: Turn) -> None:
        try:
            self._send(one, self._model.predictor.answer(ready.samples), turn)
        except Exception as error:
            self._throw(one, error, turn)

    def _send(self, one: _UnderWay, predictions: list[Prediction], turn: Turn) -> None:
        try:
            one.steps.send(predictions)
        except StopIteration as end:
            self._end(one, end.value, turn)

    def _throw(self, one: _UnderWay, error: Exception, turn: Turn) -> None:
        try:
            one.steps.throw(error)
        except StopIteration as end:
            self._end(one, end.value, turn)

    def _end(self, one: _UnderWay, answer: Answer, turn: Turn) -> None:
        self._large_size -= one.size
        self._numbers.discard(one.number)
        turn.answers.append((one.number, answer))
        if one.size:
            turn.passes.append(len(answer.predictions))
            turn.descriptors += take_counts(self._model.predictor)
