"""Between the learning scale and what networks answer: a centre and a scale for each target."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS, Target
from matops.core.learning.features import PackedFeatures
from matops.core.learning.training import Answer, Ensemble
from matops.core.learning.transfer import Start, load_start

ROWS_OF_A_LINE = 256
"""Training rows from which the line through a start's answers is drawn; more change nothing."""
LEAST_CORRELATION = 0.5
"""Below it a start's answers say too little of the new targets for a line through them."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What a network's answers mean; shape (columns,) each, axis after axis."""

    centre: Tensor  # value on the learning scale at which it answers 0
    scale: Tensor  # what an answer of 1 adds to that

    def standard(self, scaled: Tables) -> Answer:
        """Targets on the learning scale as a network is to answer them."""
        standard, first = {}, 0
        for axis, table in scaled.of_axis.items():
            own = slice(first, first := first + table.shape[-1])
            values = torch.as_tensor(table, dtype=torch.float32)
            standard[axis] = (values - self.centre[own]) / self.scale[own]
        return standard[SAMPLE_AXIS] if set(standard) == {SAMPLE_AXIS} else standard


def _groups(targets: tuple[Target, ...]) -> list[tuple[Target, ...]]:
    """Targets that share a scale: those of one quantity do.

    Else a body that is alike in all directions would not be alike in its predictions, and a force
    would not be the derivative of its energy.
    """
    shared = sorted({target.quantity for target in targets if target.quantity})
    alone: list[tuple[Target, ...]] = [(target,) for target in targets if not target.quantity]
    return alone + [tuple(t for t in targets if t.quantity == name) for name in shared]


def standardise(scaled: Tables) -> Scaling:
    """The scaling that gives targets a mean of 0 and a deviation of 1; ``absolute`` ones have none.

    That of vectors and tensors is about zero, for all components alike: no other centre and no
    other scales are the same however the sample is turned.
    """
    centres, scales = dict[str, float](), dict[str, float]()
    for group in _groups(scaled.targets):
        if all(target.absolute for target in group):
            centre, deviation = {target.name: 0.0 for target in group}, 1.0
        elif all(target.is_scalar for target in group):
            values = torch.as_tensor(scaled[SAMPLE_AXIS], dtype=torch.float32)
            values = values[:, [scaled.start(target) for target in group]]
            centre = dict.fromkeys((t.name for t in group), float(values.mean()))
            deviation = float(values.std())
        else:
            centre = {t.name: 0.0 if t.shape else scaled.numbers(t).mean() for t in group}
            deviations = [scaled.numbers(t) - centre[t.name] for t in group]
            deviation = float(np.sqrt(np.mean(np.concatenate(deviations) ** 2)))
        centres |= centre
        scales |= dict.fromkeys(centre, deviation)
    columns = [
        t.name for a in scaled.of_axis for t in scaled.targets if t.axis == a for _ in range(t.size)
    ]
    flat = [
        torch.tensor([of[name] for name in columns], dtype=torch.float32)
        for of in (centres, scales)
    ]
    return Scaling(flat[0], flat[1].clamp_min(1e-6))


def adopt(answers: Tables, scaled: Tables) -> Scaling:
    """The scaling that brings a start's answers as close to new targets as a line can.

    A network that starts so has no offset to learn, which would cost what the start knows. Targets
    of which the answers say little are standardised, and so are arrays.

    The targets are those of the same samples, on the learning scale.
    """
    scaling = standardise(scaled)
    for group in _groups(scaled.targets):
        if not all(target.is_scalar and not target.absolute for target in group):
            continue
        own = [scaled.start(target) for target in group]
        x, y = (tables[SAMPLE_AXIS][:, own].ravel() for tables in (answers, scaled))
        if min(x.std(), y.std()) > 0 and np.corrcoef(x, y)[0, 1] > LEAST_CORRELATION:
            slope, intercept = np.polyfit(x, y, 1)
            scaling.centre[own], scaling.scale[own] = float(intercept), float(slope)
    return scaling


def scaling_for(
    build: Callable[[], nn.Module], features: PackedFeatures, scaled: Tables, start: Start | None
) -> Scaling:
    """The scaling of a training: :func:`adopt` with a start whose head fits, else standard.

    Raises:
        BadInput: the start is of another network.
    """
    networks = []
    for weights in start.weights if start else ():
        network = build()
        if load_start(network, weights) == 0:
            networks.append(network.eval())
    if not networks:
        return standardise(scaled)
    few = torch.arange(min(len(features), ROWS_OF_A_LINE))
    width = sum(target.size for target in scaled.targets)
    ensemble = Ensemble(networks, torch.zeros(width), torch.ones(width))
    truth = scaled.take(few.numpy())
    answers = replace(truth, of_axis=ensemble.predict(features.take(few)))
    return adopt(answers.each(lambda table: table.mean(0)), truth)
