"""Screening: many designs, two objectives, and the designs that no other beats in both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matops.core.data.record import Payload
from matops.core.errors import BadInput

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

STAGES: Mapping[str, str] = {
    "generate": "making the payloads",
    "featurize": "from payloads to tensors, and the distance to the training data",
    "predict": "the ensemble of networks",
    "write": "the table on disk",
}
"""Where the time of a screening goes, and what each of these stages covers."""


@dataclass(frozen=True)
class Cost:
    """What a design spends, to be minimised; known before anything is predicted."""

    name: str  # a column's name, as in ``solid_fraction``
    unit: str  # its unit, ``1`` for a pure number
    description: str  # a few words for axes and headings
    of: Callable[[Payload], float]  # the cost of a payload


@dataclass(frozen=True)
class Merit:
    """What a design offers, to be maximised; it follows from the family's targets."""

    name: str  # a column's name, as in ``mean_C_ii``
    unit: str  # its unit
    description: str  # a few words for axes and headings
    # merit, shape (n,), from values of the scalar targets in their order, shape (n, n_scalars). It
    # must not fall when one rises: then the merits of the lower and of the upper ends enclose the
    # merit of every value between them
    of: Callable[[Array], Array]


@dataclass(frozen=True)
class Objectives:
    """What a family's designs are judged by."""

    cost: Cost  # to be minimised
    merits: tuple[Merit, ...]  # to be maximised, one at a time; the first is the default
    # sections of the family's configuration that say which designs are made, and how they are
    # confirmed; a screening may change no others
    settings: tuple[str, ...] = ()

    def merit(self, name: str = "") -> Merit:
        """The merit of this name; the default one without a name.

        Raises:
            BadInput: there is none.
        """
        for merit in self.merits:
            if name in ("", merit.name):
                return merit
        names = ", ".join(merit.name for merit in self.merits)
        raise BadInput(f"no merit is called {name!r}; there are: {names}")


def pareto_front(cost: Array, merit: Array) -> Rows:
    """Rows that no other row beats: as cheap or cheaper, and as good or better.

    Of rows that are equal in both, the first one stands for all, so that cost and merit both rise
    strictly along the front. The front of several fronts, in order, is the front of all their rows.
    Costs and merits have the shape (n,); the row numbers come by rising cost.

    Raises:
        ValueError: a number is not finite, which no order can place.

    Source: Kung, Luccio and Preparata, J. ACM 22, 469 (1975), maxima in two dimensions.
    """
    cost, merit = np.asarray(cost, dtype=float), np.asarray(merit, dtype=float)
    if not (np.isfinite(cost).all() and np.isfinite(merit).all()):
        raise ValueError("cost and merit must be finite")
    order = np.lexsort((-merit, cost))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(merit[order])[:-1]])
    return order[merit[order] > best_before[: len(order)]].astype(np.int64)


def spread_along(cost: Array, wanted: int) -> Rows:
    """At most ``wanted`` positions on a front, spread evenly over its rising costs, shape (n,).

    They are the nearest ones to evenly spaced costs, cheapest and dearest included; a single one
    is the dearest, which has the most merit.
    """
    if not len(cost) or wanted < 1:
        return np.arange(0)
    at = np.linspace(cost[0], cost[-1], wanted) if wanted > 1 else np.array(cost[-1:])
    nearest = np.abs(np.subtract.outer(at, np.asarray(cost))).argmin(axis=1)
    return np.unique(nearest).astype(np.int64)
