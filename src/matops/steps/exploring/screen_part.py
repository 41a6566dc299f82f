"""One part of a screening, as a worker process makes it: generate, featurize, predict, write."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from matops.artifacts.exploring.screening import part_schema, write_part
from matops.core.data.record import Payload
from matops.core.data.target import scalars_of
from matops.core.errors import BadInput
from matops.core.exploring.screening import STAGES, Objectives
from matops.core.family import Designs, Family, FamilyConfig
from matops.core.learning.features import PackedFeatures
from matops.core.learning.training import Ensemble
from matops.core.pauses import Pauses
from matops.core.predictor import Predictor
from matops.core.quality.prediction import Prediction

BATCH = 64
"""Designs that are predicted at once; more only take more memory."""

Load = Callable[[], Predictor]
"""Loads the model in a worker process. It is a value: hashable, and equal after being sent."""

Made = tuple[Payload, float] | str
"""Payload and cost of a design, or why there are none."""


class Stopwatch:
    """Seconds by stage; a stage inside another one counts for itself only."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start, before = perf_counter(), sum(self.seconds.values())
        try:
            yield
        finally:
            inner = sum(self.seconds.values()) - before
            self.seconds[name] += perf_counter() - start - inner


class TimedEnsemble(Ensemble):
    """An ensemble whose time counts as the stage ``predict``."""

    def __init__(self, ensemble: Ensemble, watch: Stopwatch) -> None:
        super().__init__(ensemble.networks, ensemble.centre, ensemble.scale)
        self._ensemble, self._watch = ensemble, watch

    def predicting(self, features: PackedFeatures) -> Pauses[dict[str, NDArray[np.float64]]]:
        """The ensemble's answer, in steps."""
        with self._watch.stage("predict"):
            return (yield from self._ensemble.predicting(features))


def designing(family: Family) -> Designs:
    """The family as one that generates designs.

    Raises:
        BadInput: it does not.
    """
    if not isinstance(family, Designs):
        raise BadInput(f"{family.name} has no generator of designs")
    return family


@lru_cache(maxsize=1)
def _loaded(load: Load) -> Predictor:
    """The model, loaded once a process."""
    predictor = load()
    # A package asks for the threads it was trained with; here each process has a core to itself.
    torch.set_num_threads(1)
    return predictor


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"


def _generate(designs: Designs, index: int, seed: int, config: FamilyConfig) -> Made:
    try:
        payload = designs.design(index, seed, config)
        return payload, float(designs.objectives.cost.of(payload))
    except Exception as error:  # whatever it is, it costs no other design
        return _reason(error)


def _predict(predictor: Predictor, payloads: Sequence[Payload]) -> list[Prediction | str]:
    """Prediction of each payload, or why there is none; halving finds those that fail."""
    if not payloads:
        return []
    try:
        return list(predictor.predict(payloads))
    except Exception as error:  # whatever it is, it costs no other design
        if len(payloads) == 1:
            return [_reason(error)]
    half = len(payloads) // 2
    return [*_predict(predictor, payloads[:half]), *_predict(predictor, payloads[half:])]


def _columns(objectives: Objectives, cost: float, prediction: Prediction) -> dict[str, Any]:
    """Columns of a design that has a prediction."""
    estimates = {n: e for n, e in prediction.estimates.items() if isinstance(e.value, float)}
    numbers = {objectives.cost.name: cost, "domain_score": prediction.domain_score}
    for name, e in estimates.items():
        numbers[name] = e.value
        if e.lower is not None and e.upper is not None:
            numbers |= {f"{name}_lower": e.lower, f"{name}_upper": e.upper}
    values = np.array([[e.value for e in estimates.values()]])
    numbers |= {merit.name: float(merit.of(values)[0]) for merit in objectives.merits}
    if not np.isfinite(list(numbers.values())).all():
        return {"refused": "cost or prediction is not finite"}
    outside, unseen = prediction.out_of_domain, " ".join(prediction.unseen)
    return {**numbers, "out_of_domain": outside, "unseen": unseen}


def _screen_batch(
    predictor: Predictor, designs: range, seed: int, config: FamilyConfig, watch: Stopwatch
) -> list[dict[str, Any]]:
    """Lines of the table for some designs, in order; a refused one has its reason only."""
    family = designing(predictor.family)
    with watch.stage("generate"):
        made = [_generate(family, index, seed, config) for index in designs]
    with watch.stage("featurize"):
        payloads = [design[0] for design in made if not isinstance(design, str)]
        answers = iter(_predict(predictor, payloads))
    rows: list[dict[str, Any]] = []
    with watch.stage("write"):
        for index, design in zip(designs, made, strict=True):
            answer = design if isinstance(design, str) else next(answers)
            if isinstance(design, str) or isinstance(answer, str):
                rows.append({"index": index, "refused": answer})
            else:
                rows.append({"index": index} | _columns(family.objectives, design[1], answer))
    return rows


def screen_part(load: Load, seed: int, config: FamilyConfig, designs: range, path: Path) -> int:
    """Screen the designs of one part, write it to ``path``, and return their number."""
    predictor, watch = _loaded(load), Stopwatch()
    timed = replace(predictor, ensemble=TimedEnsemble(predictor.ensemble, watch))
    family, rows = predictor.family, []
    for first in range(0, len(designs), BATCH):
        rows += _screen_batch(timed, designs[first : first + BATCH], seed, config, watch)
    schema = part_schema(scalars_of(family.targets), designing(family).objectives)
    write_part(path, rows, schema, watch.seconds)
    return len(rows)
