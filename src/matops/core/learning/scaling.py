"""Between the learning scale and what networks answer: a centre and a scale for each target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from matops.core.data.target import Target
from matops.core.learning.features import PackedFeatures
from matops.core.learning.training import Ensemble
from matops.core.learning.transfer import Start, load_start

Array = NDArray[np.float64]

ROWS_OF_A_LINE = 256
"""Training rows from which the line through a start's answers is drawn; more change nothing."""
LEAST_CORRELATION = 0.5
"""Below it a start's answers say too little of the new targets for a line through them."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What a network's answers mean.

    Attributes:
        centre: value on the learning scale at which it answers 0, shape (n_targets,).
        scale: what an answer of 1 adds to that, shape (n_targets,).
    """

    centre: Tensor
    scale: Tensor

    def standard(self, scaled: Array) -> Tensor:
        """Targets on the learning scale, shape (n, n_targets), as a network is to answer them."""
        return (torch.as_tensor(scaled, dtype=torch.float32) - self.centre) / self.scale


def _quantities(targets: Sequence[Target]) -> list[list[int]]:
    """Columns that share centre and scale.

    Those of one quantity do: else a body that is alike in all directions would not be alike in
    its predictions.
    """
    shared = sorted({target.quantity for target in targets if target.quantity})
    alone = [[i] for i, target in enumerate(targets) if not target.quantity]
    return alone + [[i for i, t in enumerate(targets) if t.quantity == name] for name in shared]


def standardise(scaled: Array, targets: Sequence[Target]) -> Scaling:
    """The scaling that gives targets, shape (n, n_targets), a mean of 0 and a deviation of 1."""
    values = torch.as_tensor(np.asarray(scaled), dtype=torch.float32)
    centre, scale = torch.empty(len(targets)), torch.empty(len(targets))
    for columns in _quantities(targets):
        centre[columns], scale[columns] = values[:, columns].mean(), values[:, columns].std()
    return Scaling(centre, scale.clamp_min(1e-6))


def adopt(answers: Array, scaled: Array, targets: Sequence[Target]) -> Scaling:
    """The scaling that brings a start's answers as close to new targets as a line can.

    A network that starts so has no offset to learn, which would cost what the start knows. Targets
    of which the answers say little are standardised.

    Args:
        answers: what the start's networks answer, their mean, shape (n, n_targets).
        scaled: new targets of the same samples on the learning scale, same shape.
        targets: what they are.
    """
    found = standardise(scaled, targets)
    for columns in _quantities(targets):
        x, y = answers[:, columns].ravel(), scaled[:, columns].ravel()
        if min(x.std(), y.std()) > 0 and np.corrcoef(x, y)[0, 1] > LEAST_CORRELATION:
            slope, intercept = np.polyfit(x, y, 1)
            found.centre[columns], found.scale[columns] = float(intercept), float(slope)
    return found


def scaling_for(
    build: Callable[[], nn.Module],
    features: PackedFeatures,
    scaled: Array,
    targets: Sequence[Target],
    start: Start | None,
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
        return standardise(scaled, targets)
    few = torch.arange(min(len(scaled), ROWS_OF_A_LINE))
    unscaled = torch.zeros(len(targets)), torch.ones(len(targets))
    answers = Ensemble(networks, *unscaled).predict(features.take(few)).mean(0)
    return adopt(answers, scaled[few.numpy()], targets)
