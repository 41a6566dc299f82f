"""What the arms of a release meet: requests, answers and their histograms, as counts."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Buckets:
    """Counts of values between edges, as a metrics server keeps them."""

    edges: tuple[float, ...]  # upper edges, ascending; the last one is infinite
    counts: tuple[float, ...]  # values in each bucket (not cumulative), one for each edge

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.counts):
            raise ValueError("a histogram needs one count for each edge")

    @classmethod
    def of(cls, values: NDArray[np.float64], edges: tuple[float, ...]) -> "Buckets":
        """Values counted between edges; one on an edge belongs to the bucket below it."""
        counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges))
        return cls(edges, tuple(map(float, counts)))

    @property
    def total(self) -> float:
        """Number of values."""
        return sum(self.counts)


@dataclass(frozen=True)
class ArmTraffic:
    """What one arm met in a window of time; None where nothing was measured."""

    # requests that it answered or failed to answer, without those it refused
    requests: float | None = None
    errors: float | None = None  # how many of them failed by the server's fault
    refused: float | None = None  # requests refused as the client's fault
    latency_s: Buckets | None = None  # time to answer, in seconds
    # values by target name, in the target's unit; all of a request's values together count 1
    predictions: dict[str, Buckets] = field(default_factory=dict)
    answered: float | None = None  # requests that were answered
    samples: float | None = None  # samples in them; a request may hold many
    # how many of them were out of the model's domain, each by the share of its samples
    outside: float | None = None


@dataclass(frozen=True)
class PairedAnswers:
    """Answers of champion and candidate to the same requests."""

    asked: int  # requests that both were asked
    champion_failed: int  # how many of them the champion did not answer
    candidate_failed: int  # how many of them the candidate did not answer
    not_finite: int  # how many answers of the candidate were no finite numbers
    # by target, the share of pairs whose candidate value is farther from the champion's than both
    # intervals' half widths together: more than the two models' own doubts explain
    outside_interval: dict[str, float]
    # golden requests of the candidate's own package that its running server answers otherwise than
    # recorded
    golden_mismatches: int
    # by target, the share of pairs in which the candidate's interval is wider than the champion's
    # by more than the policy's ratio: so wide that to agree says little
    far_wider: dict[str, float] = field(default_factory=dict)
    both_failed: int = 0  # how many of the requests neither answered; they count for both above
    # how many of the requests are clients' of late; the others are the same at every look
    recent: int = 0

    @property
    def answered(self) -> int:
        """Requests that both answered."""
        return self.asked - self.champion_failed - self.candidate_failed + self.both_failed
