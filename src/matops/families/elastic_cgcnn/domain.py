"""What makes a crystal like another one: its elements, its bond lengths, and their arrangement.

All follows from the features: what the network is told of a crystal is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from matops.core.quality.domain import Descriptors
from matops.core.quality.views import View
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.elements import (
    PROPERTIES,
    continuous_properties,
    kind_of_element,
)
from matops.families.elastic_cgcnn.graph.descriptors import BOND_DECAYS, LARGEST_DEGREE, STATE
from matops.physics.arrays import FloatArray

if TYPE_CHECKING:
    from matops.core.learning.features import PackedFeatures

SIZES = (*STATE[:3], *STATE[5:])
COMPOSITION = tuple(
    f"{what} {name.replace('_', ' ')}" for what in ("mean", "spread of") for name in PROPERTIES
)
ORDERS = tuple(
    f"mean bond order {degree}, decay {decay:g}"
    for decay in BOND_DECAYS
    for degree in range(1, LARGEST_DEGREE + 1)
)
DESCRIPTORS = (*SIZES, *COMPOSITION, *ORDERS)
"""The columns of :func:`describe`; elemental properties are standardised over the elements."""


def _columns(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(DESCRIPTORS.index(name) for name in names)


LENGTHS = STATE[5:]
VIEWS = (
    View(_columns(COMPOSITION)),
    View(_columns(LENGTHS), given=_columns(COMPOSITION)),
    View(_columns((*LENGTHS, *ORDERS))),
)
"""Elements unlike any; bonds too long or too short for these elements; another arrangement."""


def describe(samples: Sequence[Crystal], features: PackedFeatures) -> Descriptors:
    """Domain descriptors and tokens of crystals whose features are known."""
    atoms = {
        name: features.tensors[f"atom.{name}"].numpy() for name in ("number", "share", "order")
    }
    counts = features.counts["atom"].numpy()
    owner, share = np.repeat(np.arange(len(counts)), counts), atoms["share"].astype(float)

    def mean(values: FloatArray) -> FloatArray:
        """Mean over each crystal's atoms, (n, k), of numbers of its classes of atoms."""
        columns = (values * share[:, None]).T
        return np.stack([np.bincount(owner, column, len(counts)) for column in columns], axis=1)

    properties = continuous_properties()[atoms["number"]]
    centre = mean(properties)
    spread = np.sqrt(mean((properties - centre[owner]) ** 2))
    state = features.tensors["sample.state"].numpy().astype(float)
    sizes = np.concatenate([state[:, :3], state[:, 5:]], axis=1)
    orders = mean(atoms["order"].astype(float))
    vectors = np.concatenate([sizes, centre, spread, orders], axis=1)
    return Descriptors(vectors, [tokens_of(sample) for sample in samples], VIEWS)


def tokens_of(crystal: Crystal) -> frozenset[str]:
    """The elements, how many there are, and which kinds of them meet.

    A network that saw oxides and alloys has not seen all that a halogen does to an alkali metal.
    """
    symbols = sorted(set(crystal.symbols))
    kinds = sorted(map(kind_of_element, symbols))
    met = {f"{one} with {other}" for one, other in combinations(kinds, 2)}
    number = f"{len(symbols)} element{'s' if len(symbols) > 1 else ''}"
    return frozenset({*symbols, number, *met})
