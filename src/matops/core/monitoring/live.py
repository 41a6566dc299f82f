"""What a served model met in a window of time, over all its running copies."""

from dataclasses import dataclass, field
from datetime import datetime

from matops.core.release.traffic import Buckets


@dataclass(frozen=True)
class LivePoint:
    """Samples and those out of domain within one step of time."""

    until: datetime  # end of the step
    samples: float  # samples that were asked about
    outside: float  # how many of them were out of the model's domain


@dataclass(frozen=True)
class LiveTraffic:
    """What a model met; None or empty where nothing was measured."""

    model: str  # version of the model
    since: datetime  # begin of the window
    until: datetime  # its end
    outside: float | None = None  # samples out of the model's domain
    # histograms of standardised descriptors by name
    descriptors: dict[str, Buckets] = field(default_factory=dict)
    # histograms of predicted values by target, in the target's unit
    predictions: dict[str, Buckets] = field(default_factory=dict)
    # requests by outcome, as in ``ok`` or ``bad_input``
    outcomes: dict[str, float] = field(default_factory=dict)
    latency_s: Buckets | None = None  # time to answer a request, in seconds
    # samples by category that the training data did not have, as in elements
    unseen: dict[str, float] = field(default_factory=dict)
    history: tuple[LivePoint, ...] = ()  # the window step by step, oldest first

    @property
    def samples(self) -> float | None:
        """Samples that were described; each is in every descriptor's histogram."""
        return max((buckets.total for buckets in self.descriptors.values()), default=None)
