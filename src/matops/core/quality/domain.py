"""Domain of applicability: how far a sample is from everything the model was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

NEIGHBOURS = 5
MAX_REFERENCE_ROWS = 5000
THRESHOLD_QUANTILE = 0.99

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Descriptors:
    """What a family says of its samples for this purpose."""

    vectors: Array  # continuous descriptors, shape (n, d)
    # per sample, categories that must have been seen, as in chemical symbols
    tokens: Sequence[frozenset[str]]


@dataclass(frozen=True)
class DomainScore:
    """Answer for one sample."""

    score: float  # distance to the training data; 1 is where the farthest percent of it lies
    unseen: tuple[str, ...]  # tokens that the training data did not have, sorted

    @property
    def is_outside(self) -> bool:
        """Whether a prediction for this sample is an extrapolation."""
        return self.score > 1.0 or bool(self.unseen)


@dataclass(frozen=True)
class Domain:
    """Region of the training data, in mean distance to its nearest rows (standardised)."""

    centre: Array  # mean of the descriptors, shape (d,)
    scale: Array  # standard deviation of the descriptors, shape (d,)
    reference: Array  # standardised training rows, shape (m, d)
    threshold: float  # 99th percentile of the training rows' own (leave-one-out) mean distance
    tokens: frozenset[str]  # all tokens of the training data

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.reference)

    def standardise(self, samples: Descriptors) -> Array:
        """Descriptors in the training rows' deviations from their mean, shape (n, d)."""
        return np.asarray((np.asarray(samples.vectors, float) - self.centre) / self.scale)

    def assess(self, samples: Descriptors) -> list[DomainScore]:
        """Score samples."""
        k = min(NEIGHBOURS, len(self.reference))
        distance = _mean_distance(self._tree, self.standardise(samples), k) / self.threshold
        return [
            DomainScore(float(score), tuple(sorted(tokens - self.tokens)))
            for score, tokens in zip(distance, samples.tokens, strict=True)
        ]


def _mean_distance(tree: cKDTree, points: Array, k: int, skip_self: bool = False) -> Array:
    distance, _ = tree.query(points, k=k + skip_self)
    distance = np.asarray(distance).reshape(len(points), -1)
    return np.asarray(distance[:, int(skip_self) :].mean(axis=1))


def fit_domain(train: Descriptors, seed: int = 0) -> Domain:
    """Learn the region from training samples (two or more).

    At most 5,000 rows, drawn by ``seed``, are kept as reference.
    """
    vectors = np.asarray(train.vectors, dtype=float)
    centre, scale = vectors.mean(axis=0), vectors.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    keep = np.random.default_rng(seed).permutation(len(vectors))[:MAX_REFERENCE_ROWS]
    # float32 because it is stored so: the threshold must belong to the stored rows.
    reference = ((vectors - centre) / scale)[np.sort(keep)].astype(np.float32).astype(float)
    k = min(NEIGHBOURS, len(reference) - 1)
    own = _mean_distance(cKDTree(reference), reference, k, skip_self=True)
    threshold = max(float(np.quantile(own, THRESHOLD_QUANTILE)), 1e-9)
    return Domain(centre, scale, reference, threshold, frozenset().union(*train.tokens))
