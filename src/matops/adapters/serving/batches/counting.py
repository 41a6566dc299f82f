"""A predictor that counts the descriptors of the samples which it answers."""

from dataclasses import dataclass, field, replace
from typing import Any

from matops.core.monitoring.drift import MOST_DESCRIPTORS, bucket_counts
from matops.core.predictor import Predictor
from matops.core.quality.domain import Descriptors, Domain, DomainScore
from matops.physics.arrays import IntArray


@dataclass(frozen=True)
class CountedDomain(Domain):
    """A domain that counts the samples it assesses, until the counts are taken."""

    # counts of each batch since then, between EDGES, not cumulative, shape (d, n_edges)
    waiting: list[IntArray] = field(default_factory=list, kw_only=True)

    def assess(self, samples: Descriptors) -> list[DomainScore]:
        """Score samples, and count them."""
        scores = super().assess(samples)
        monitored = self.standardise(samples)[:, :MOST_DESCRIPTORS]
        self.waiting.append(bucket_counts(monitored))
        return scores


def count_descriptors(predictor: Predictor) -> Predictor:
    """The same predictor; from now on the samples that it answers are counted."""
    domain = predictor.domain
    content: dict[str, Any] = {name: getattr(domain, name) for name in Domain.__dataclass_fields__}
    return replace(predictor, domain=CountedDomain(**content))


def take_counts(predictor: Predictor) -> list[IntArray]:
    """What was counted since the last time; none for a predictor that does not count."""
    waiting = getattr(predictor.domain, "waiting", [])
    taken = list(waiting)
    waiting.clear()
    return taken
