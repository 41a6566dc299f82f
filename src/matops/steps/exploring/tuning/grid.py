"""The points of a grid, without those whose values don't go together."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from matops.core.errors import BadInput
from matops.steps.exploring.tuning.search import Search


@dataclass(frozen=True)
class GridPoints:
    """What a grid holds."""

    valid: list[dict[str, Any]]  # in the random order of the search's seed
    refused: Counter[str]  # by reason


def grid_points(search: Search) -> GridPoints:
    """The combinations of a space that build a network."""
    every = search.plan.space.combinations()
    order = np.random.default_rng(search.plan.seed).permutation(len(every))
    valid, refused = [], Counter[str]()
    for place in order:
        try:
            search.configuration(every[place])
        except BadInput as refusal:
            refused[str(refusal)] += 1
        else:
            valid.append(every[place])
    return GridPoints(valid, refused)
