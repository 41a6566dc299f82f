"""Crystal-level numbers: what the network sees beside the graph, and what the domain is made of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matops.core.domain import Descriptors
from matops.families.elastic_cgcnn.crystal import Crystal
from matops.families.elastic_cgcnn.elements import (
    PROPERTIES,
    atomic_masses_u,
    continuous_properties,
    covalent_radii_A,
)
from matops.families.elastic_cgcnn.graphs import Neighbours

Array = NDArray[np.float64]

STATE = (
    "log volume per atom / Å³",
    "log mean atomic mass per volume / (u/Å³)",
    "log packing fraction of covalent spheres",
    "mean electronegativity (standardised)",
    "standard deviation of the electronegativity",
    "mean reduced bond length",
    "shortest reduced bond length",
)
"""The columns of :func:`crystal_state`; a reduced length is one over the sum of covalent radii."""

NO_BOND = 3.0
"""Reduced length that stands for "no neighbour within the radius"."""


def reduced_lengths(crystal: Crystal, edges: Neighbours) -> Array:
    """Edge lengths over the sums of the covalent radii of their ends, shape (n_edges,)."""
    radii = covalent_radii_A()[crystal.numbers]
    return np.asarray(edges.distance_A / (radii[edges.centre] + radii[edges.neighbour]))


def _size(crystal: Crystal) -> tuple[float, float, float]:
    """The first three entries of STATE."""
    n = len(crystal.numbers)
    volume = crystal.volume_A3 / n
    mass = atomic_masses_u()[crystal.numbers].mean()
    spheres = 4 / 3 * np.pi * (covalent_radii_A()[crystal.numbers] ** 3).mean()
    return float(np.log(volume)), float(np.log(mass / volume)), float(np.log(spheres / volume))


def crystal_state(crystal: Crystal, edges: Neighbours) -> Array:
    """Global descriptors of a crystal, shape (7,); see STATE."""
    electronegativity = continuous_properties()[crystal.numbers, PROPERTIES.index("X")]
    lengths = reduced_lengths(crystal, edges)
    bonded = len(lengths) > 0
    return np.array(
        [
            *_size(crystal),
            electronegativity.mean(),
            electronegativity.std(),
            np.average(lengths, weights=edges.weight) if bonded else NO_BOND,
            lengths.min() if bonded else NO_BOND,
        ]
    )


def describe(crystals: Sequence[Crystal]) -> Descriptors:
    """Domain descriptors: size, and mean and spread of the elements' properties.

    The tokens are the chemical symbols.
    """
    rows = []
    for crystal in crystals:
        properties = continuous_properties()[crystal.numbers]
        rows.append([*_size(crystal), *properties.mean(0), *properties.std(0)])
    return Descriptors(np.array(rows), [frozenset(crystal.symbols) for crystal in crystals])
