"""Domain of applicability: how far a sample is from everything the model was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from matops.core.quality.views import USUAL, FittedView, View, fit_view

MAX_REFERENCE_ROWS = 5000
KNOWN_FROM = 5
"""Groups with a token that make it known, where there are many: of one compound of two kinds of
elements nobody learns what such compounds are like."""
GROUPS_A_STEP = 500
"""So many training groups ask for one group more; few data take what they have."""

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
    unseen: tuple[str, ...]  # tokens that too few training groups had to be known, sorted

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
    tokens: frozenset[str]  # tokens that enough groups of the training data have

    def standardise(self, samples: Descriptors) -> Array:
        """Descriptors in the training rows' deviations from their mean, shape (n, d)."""
        return np.asarray((np.asarray(samples.vectors, float) - self.centre) / self.scale)

    def assess(self, samples: Descriptors) -> list[DomainScore]:
        """Score samples."""
        points = self.standardise(samples)
        pairs = zip(self.views, self._known, strict=True)
        novelties = [view.novelty(points, known) for view, known in pairs]
        scores = np.linalg.norm(novelties, axis=0) / self.threshold
        unseen = [tuple(sorted(tokens - self.tokens)) for tokens in samples.tokens]
        return [
            DomainScore(float(score) + bool(new), new)
            for score, new in zip(scores, unseen, strict=True)
        ]

    @cached_property
    def _known(self) -> list[Array]:
        """What each view compares of the training rows: to gather it costs more than to compare."""
        return [np.ascontiguousarray(self.reference[:, view.columns]) for view in self.views]


def _known_tokens(tokens: Sequence[frozenset[str]], groups: NDArray[np.str_]) -> frozenset[str]:
    """Tokens that enough groups have."""
    having: dict[str, set[str]] = {}
    for own, group in zip(tokens, groups.tolist(), strict=True):
        for token in own:
            having.setdefault(token, set()).add(group)
    enough = min(KNOWN_FROM, 1 + len(np.unique(groups)) // GROUPS_A_STEP)
    return frozenset(token for token, some in having.items() if len(some) >= enough)


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
    tokens = _known_tokens(train.tokens, names)
    return Domain(centre, scale, reference, tuple(view for view, _ in fitted), threshold, tokens)
