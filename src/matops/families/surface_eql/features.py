"""From surfaces to the tensors that the network reads."""

from collections.abc import Sequence

import numpy as np
import torch

from matops.core.learning.features import PackedFeatures
from matops.core.quality.domain import Descriptors
from matops.families.surface_eql.config import EquationConfig
from matops.families.surface_eql.surfaces.bulk import CENTRE, FEATURES, SPREAD
from matops.families.surface_eql.surfaces.surface import Surface


def featurize(surfaces: Sequence[Surface], config: EquationConfig) -> PackedFeatures:
    """Directions, (n, 3), and standardised bulk properties, (n, p), both in double precision.

    Cosines are sorted, so that the symmetry of the cube is exact.
    """
    columns = [FEATURES.index(name) for name in config.bulk]
    directions = np.array([surface.direction for surface in surfaces]).reshape(-1, 3)
    bulk = np.array([list(s.bulk.features.values()) for s in surfaces]).reshape(-1, len(FEATURES))
    standard = ((bulk - CENTRE) / SPREAD)[:, columns]
    return PackedFeatures(
        {
            "sample.direction": torch.from_numpy(directions),
            "sample.bulk": torch.from_numpy(np.ascontiguousarray(standard)),
        }
    )


def describe(surfaces: Sequence[Surface], features: PackedFeatures) -> Descriptors:
    """Domain descriptors: orientations and metals unlike those of the training."""
    bulk = np.array([surface.bulk for surface in surfaces], dtype=np.float64)
    vectors = np.concatenate([features.tensors["sample.direction"].numpy(), bulk], axis=1)
    return Descriptors(vectors, [frozenset({"fcc"})] * len(surfaces))
