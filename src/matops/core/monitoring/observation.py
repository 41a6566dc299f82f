"""What a served model meets, beside what it was trained on."""

from dataclasses import dataclass, field

from matops.core.monitoring.drift import Shift, largest_drift
from matops.core.monitoring.live import LiveTraffic
from matops.core.monitoring.retraining import RetrainingConfig
from matops.core.quality.card import Card
from matops.core.release.traffic import Buckets


@dataclass(frozen=True)
class Observation:
    """A model beside its training data."""

    card: Card  # the model's card
    live: LiveTraffic  # what it met
    shifts: tuple[Shift, ...]  # how its descriptors moved, the farthest first
    # histograms of the training data's labels by target, on the edges of the live predictions;
    # empty where the data can't be had
    labels: dict[str, Buckets] = field(default_factory=dict)

    @property
    def drift(self) -> float | None:
        """One number for all descriptors; None where nothing was measured."""
        return largest_drift(self.shifts) if self.shifts else None

    @property
    def outside_share(self) -> float | None:
        """Share of the samples out of domain; None where nothing was measured."""
        if self.live.outside is None or not self.live.samples:
            return None
        return min(1.0, self.live.outside / self.live.samples)


def findings(observation: Observation, limits: RetrainingConfig) -> tuple[bool, str]:
    """Whether something needs attention (what was not measured does), and why, in one sentence."""
    samples = observation.live.samples
    if samples is None or observation.drift is None or observation.outside_share is None:
        return True, "Nothing was measured: no server of this model was asked anything here."
    if samples < (least := limits.least_requests):
        return True, f"Too few to tell: {samples:,.0f} samples of the {least:,} that say something."
    reasons = []
    if observation.drift >= limits.drift:
        shifts, moved = observation.shifts, sum(s.drift >= limits.drift for s in observation.shifts)
        farthest = f"{shifts[0].descriptor} farthest ({observation.drift:.2f} of {limits.drift:g})"
        reasons.append(f"{moved} of {len(shifts)} descriptors drifted, {farthest}")
    if observation.outside_share >= limits.outside_share:
        reasons.append(f"{observation.outside_share:.0%} of the samples are out of domain")
    if reasons:
        return True, f"Not what the model was trained on: {'; '.join(reasons)}."
    return False, (
        f"Like the training data: largest drift {observation.drift:.2f} of {limits.drift:g}, "
        f"{observation.outside_share:.1%} of {limits.outside_share:.0%} out of domain."
    )
