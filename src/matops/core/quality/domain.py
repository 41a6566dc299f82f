"""Domain of applicability: how far a sample is from everything the model was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matops.core.quality.views import USUAL, FittedView, View, fit_view

MAX_REFERENCE_ROWS = 5000

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Descriptors:
    """What a family says of its samples for this purpose."""

    vectors: Array  # continuous descriptors, shape (n, d)
    # per sample, categories that must have been seen, as in chemical symbols
    tokens: Sequence[frozenset[str]]
    views: tuple[View, ...] = ()  # what is looked at together; with none, all descriptors


@dataclass(frozen=True)
class DomainScore:
    """Answer for one sample."""

    # how unlike the training data: 1 is where the most unusual percent of it lies, each row judged
    # without its own group; what has an unseen token lies 1 higher, and so always above 1
    score: float
    unseen: tuple[str, ...]  # tokens that the training data did not have, sorted

    @property
    def is_outside(self) -> bool:
        """Whether a prediction for this sample is an extrapolation."""
        return self.score > 1.0 or bool(self.unseen)


@dataclass(frozen=True)
class Domain:
    """Region of the training data: its views' novelties, added in squares, over a threshold."""

    centre: Array  # mean of the descriptors, shape (d,)
    scale: Array  # standard deviation of the descriptors, shape (d,)
    reference: Array  # standardised training rows, shape (m, d)
    views: tuple[FittedView, ...]
    # 99th percentile of the training rows' own root of the sum of squares, their groups left out
    threshold: float
    tokens: frozenset[str]  # all tokens of the training data

    def standardise(self, samples: Descriptors) -> Array:
        """Descriptors in the training rows' deviations from their mean, shape (n, d)."""
        return np.asarray((np.asarray(samples.vectors, float) - self.centre) / self.scale)

    def assess(self, samples: Descriptors) -> list[DomainScore]:
        """Score samples."""
        points = self.standardise(samples)
        novelties = [view.novelty(points, self.reference) for view in self.views]
        scores = np.linalg.norm(novelties, axis=0) / self.threshold
        unseen = [tuple(sorted(tokens - self.tokens)) for tokens in samples.tokens]
        return [
            DomainScore(float(score) + bool(new), new)
            for score, new in zip(scores, unseen, strict=True)
        ]


def fit_domain(train: Descriptors, groups: Sequence[str] | None = None, seed: int = 0) -> Domain:
    """Learn the region from training samples (two or more) of some groups.

    Without ``groups`` each row is its own. At most 5,000 rows, drawn by ``seed``, are kept as
    reference.
    """
    vectors = np.asarray(train.vectors, dtype=float)
    centre, scale = vectors.mean(axis=0), vectors.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    keep = np.random.default_rng(seed).permutation(len(vectors))[:MAX_REFERENCE_ROWS]
    keep = np.sort(keep)
    # float32 because it is stored so: the threshold must belong to the stored rows.
    reference = ((vectors - centre) / scale)[keep].astype(np.float32).astype(float)
    names = np.arange(len(vectors)).astype(str) if groups is None else np.asarray(groups)
    group = np.unique(names[keep], return_inverse=True)[1]
    views = train.views or (View(tuple(range(vectors.shape[1]))),)
    fitted = [fit_view(view, reference, group) for view in views]
    own = np.linalg.norm([novelty for _, novelty in fitted], axis=0)
    threshold = max(float(np.quantile(own, USUAL)), 1e-9)
    tokens = frozenset[str]().union(*train.tokens)
    return Domain(centre, scale, reference, tuple(view for view, _ in fitted), threshold, tokens)
