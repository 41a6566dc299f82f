"""Between the learning scale and what networks answer: a centre and a scale for each target."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from matops.core.data.tables import Tables
from matops.core.data.target import SAMPLE_AXIS, Target, axis_order
from matops.core.learning.features import PackedFeatures
from matops.core.learning.training import Answer, Ensemble
from matops.core.learning.transfer import Start, load_start

ROWS_OF_A_LINE = 256
"""Training rows from which the line through a start's answers is drawn; more change nothing."""
LEAST_CORRELATION = 0.5
"""Below it a start's answers say too little of the new targets for a line through them."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What a network's answers mean."""

    # value on the learning scale at which it answers 0, shape (columns,), axis after axis
    centre: Tensor
    scale: Tensor  # what an answer of 1 adds to that, same shape

    def standard(self, scaled: Tables) -> Answer:
        """Targets on the learning scale as a network is to answer them."""
        standard, first = {}, 0
        for axis, table in scaled.of_axis.items():
            own = slice(first, first := first + table.shape[-1])
            values = torch.as_tensor(table, dtype=torch.float32)
            standard[axis] = (values - self.centre[own]) / self.scale[own]
        return standard[SAMPLE_AXIS] if set(standard) == {SAMPLE_AXIS} else standard


@dataclass(frozen=True)
class _Group:
    """Targets that share a scale, and the columns of all axes that are theirs."""

    targets: tuple[Target, ...]
    columns: tuple[list[int], ...]

    @property
    def flat(self) -> list[int]:
        return [column for own in self.columns for column in own]

    @property
    def has_arrays(self) -> bool:
        return any(not target.is_scalar for target in self.targets)


def _groups(targets: tuple[Target, ...]) -> list[_Group]:
    """Targets of one quantity share a scale.

    Else a body that is alike in all directions would not be alike in its predictions, and a force
    would not be the derivative of its energy.
    """
    start, place = 0, dict[str, list[int]]()
    for axis in axis_order(target.axis for target in targets):
        for target in targets:
            if target.axis == axis:
                place[target.name] = list(range(start, start := start + target.size))
    shared = sorted({target.quantity for target in targets if target.quantity})
    members: list[tuple[Target, ...]] = [(t,) for t in targets if not t.quantity]
    members += [tuple(t for t in targets if t.quantity == name) for name in shared]
    return [_Group(own, tuple(place[target.name] for target in own)) for own in members]


def standardise(scaled: Tables) -> Scaling:
    """The scaling that gives targets a mean of 0 and a deviation of 1.

    That of vectors and tensors is about zero, for all components alike: no other centre and no
    other scales are the same however the sample is turned.
    """
    groups = _groups(scaled.targets)
    width = sum(target.size for target in scaled.targets)
    centre, scale = torch.zeros(width), torch.empty(width)
    for group in groups:
        if group.has_arrays:
            deviations = []
            for target, columns in zip(group.targets, group.columns, strict=True):
                numbers = scaled.numbers(target)
                middle = 0.0 if target.shape else float(numbers.mean())
                centre[columns] = middle
                deviations.append(numbers - middle)
            scale[group.flat] = float(np.sqrt(np.mean(np.concatenate(deviations) ** 2)))
        else:
            values = torch.as_tensor(scaled[SAMPLE_AXIS], dtype=torch.float32)[:, group.flat]
            centre[group.flat], scale[group.flat] = values.mean(), values.std()
    return Scaling(centre, scale.clamp_min(1e-6))


def adopt(answers: Tables, scaled: Tables) -> Scaling:
    """The scaling that brings a start's answers as close to new targets as a line can.

    A network that starts so has no offset to learn, which would cost what the start knows. Targets
    of which the answers say little are standardised, and so are arrays.

    The targets are those of the same samples, on the learning scale.
    """
    scaling = standardise(scaled)
    for group in _groups(scaled.targets):
        if group.has_arrays:
            continue
        x, y = (tables[SAMPLE_AXIS][:, group.flat].ravel() for tables in (answers, scaled))
        if min(x.std(), y.std()) > 0 and np.corrcoef(x, y)[0, 1] > LEAST_CORRELATION:
            slope, intercept = np.polyfit(x, y, 1)
            scaling.centre[group.flat], scaling.scale[group.flat] = float(intercept), float(slope)
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
    known = scaled.take(few.numpy())
    answers = replace(known, of_axis=ensemble.predict(features.take(few)))
    return adopt(answers.each(lambda table: table.mean(0)), known)
