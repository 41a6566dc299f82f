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
from matops.families.elastic_cgcnn.graph.descriptors import (
    BOND_DECAYS,
    LARGEST_DEGREE,
    NO_BOND,
    STATE,
)
from matops.physics.arrays import FloatArray, IntArray

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
NEAR_DECAYS = (4.0, 10.0)
"""Of the weights exp(-decay × (reduced length - that of the atom's nearest neighbour))."""
NEAR_LENGTHS = tuple(
    f"{what} reduced length of near bonds, decay {decay:g}"
    for decay in NEAR_DECAYS
    for what in ("mean", "spread of the")
)
DESCRIPTORS = (*SIZES, *COMPOSITION, *ORDERS, *NEAR_LENGTHS)
"""The columns of :func:`describe`; elemental properties are standardised over the elements."""


def _columns(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(DESCRIPTORS.index(name) for name in names)


LENGTHS = STATE[5:]
MEANS, SPREADS = NEAR_LENGTHS[::2], NEAR_LENGTHS[1::2]
DIPOLES = tuple(name for name in ORDERS if name.startswith("mean bond order 1,"))
"""On no side has an atom at rest more, or nearer, neighbours than forces in balance allow."""
VIEWS = (
    View(_columns(COMPOSITION)),
    View(_columns(MEANS), given=_columns(COMPOSITION), linear=_columns(ORDERS)),
    View(_columns((*LENGTHS, *ORDERS))),
    View(_columns((*DIPOLES, SPREADS[-1], LENGTHS[-1])), given=_columns(COMPOSITION)),
    View(_columns((*DIPOLES, *LENGTHS, *SPREADS))),
)
"""Elements unlike any; bonds too long or too short for these elements in this arrangement; another
arrangement; bonds less alike, or less balanced, than such elements have; or than any crystal."""


def describe(samples: Sequence[Crystal], features: PackedFeatures) -> Descriptors:
    """Domain descriptors and tokens of crystals whose features are known."""
    atoms = {
        name: features.tensors[f"atom.{name}"].numpy() for name in ("number", "share", "order")
    }
    counts = features.counts["atom"].numpy()
    owner, share = np.repeat(np.arange(len(counts)), counts), atoms["share"].astype(float)

    def mean(values: FloatArray) -> FloatArray:
        """Mean over each crystal's atoms, (n, k), of numbers of its classes of atoms."""
        return _sums((values * share[:, None]).T, owner, len(counts)).T

    properties = continuous_properties()[atoms["number"]]
    centre = mean(properties)
    spread = np.sqrt(mean((properties - centre[owner]) ** 2))
    state = features.tensors["sample.state"].numpy().astype(float)
    sizes = np.concatenate([state[:, :3], state[:, 5:]], axis=1)
    orders = mean(atoms["order"].astype(float))
    near = mean(_near_lengths(features, owner))
    vectors = np.concatenate([sizes, centre, spread, orders, near], axis=1)
    return Descriptors(vectors, [tokens_of(sample) for sample in samples], VIEWS)


def _near_lengths(features: PackedFeatures, owner: IntArray) -> FloatArray:
    """Mean and spread of each class of atoms' near bonds for each decay, shape (n_atoms, 4)."""
    length, weight = (
        features.tensors[f"edge.{name}"].numpy().astype(float)
        for name in ("reduced_length", "weight")
    )
    atoms, edges = (features.counts[axis].numpy() for axis in ("atom", "edge"))
    centre = features.tensors["edge.centre"].numpy() + np.repeat(np.cumsum(atoms) - atoms, edges)
    shortest = np.full(len(owner), NO_BOND)
    np.minimum.at(shortest, centre, length)
    decays = np.array(NEAR_DECAYS)[:, None]
    near = weight * np.exp(-decays * (length - shortest[centre]))
    moments = np.stack([near, near * length, near * length**2])
    total, first, second = _sums(moments, centre, len(owner))
    bonded = np.maximum(total, np.finfo(float).tiny)
    mean, square = first / bonded, second / bonded
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    columns = np.stack([np.where(total > 0, mean, NO_BOND), spread], axis=1)
    return np.asarray(columns.reshape(-1, len(owner)).T)


def _sums(rows: FloatArray, owner: IntArray, count: int) -> FloatArray:
    """Sums of numbers, shape (..., m), over those with one owner, shape (..., count)."""
    flat = rows.reshape(-1, rows.shape[-1])
    places = (np.arange(len(flat)) * count)[:, None] + owner
    summed = np.bincount(places.ravel(), flat.ravel(), len(flat) * count)
    return np.asarray(summed.reshape(*rows.shape[:-1], count))


def tokens_of(crystal: Crystal) -> frozenset[str]:
    """The elements, how many there are, and which kinds of them meet.

    A network that saw oxides and alloys has not seen all that a halogen does to an alkali metal.
    """
    symbols = sorted(set(crystal.symbols))
    kinds = sorted(map(kind_of_element, symbols))
    met = {f"{one} with {other}" for one, other in combinations(kinds, 2)}
    number = f"{len(symbols)} element{'s' if len(symbols) > 1 else ''}"
    return frozenset({*symbols, number, *met})
