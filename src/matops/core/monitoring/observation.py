"""What a served model meets, beside what it was trained on."""

from dataclasses import dataclass, field

from matops.core.monitoring.drift import Shift, largest_drift
from matops.core.monitoring.live import LiveTraffic
from matops.core.monitoring.retraining import RetrainingConfig
from matops.core.quality.card import Card
from matops.core.release.traffic import Buckets


@dataclass(frozen=True)
class Observation:
    """A model beside its training data.

    Attributes:
        card: the model's card.
        live: what it met.
        shifts: how its descriptors moved, the farthest first.
        labels: histograms of the training data's labels by target, on the edges of the live
            predictions; empty where the data can't be had.
    """

    card: Card
    live: LiveTraffic
    shifts: tuple[Shift, ...]
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


def findings(found: Observation, limits: RetrainingConfig) -> tuple[bool, str]:
    """Whether what a model meets is still what it was trained on, in one sentence.

    Args:
        found: what it met.
        limits: from which on it counts.

    Returns:
        Whether something needs attention (what was not measured does), and why.
    """
    samples = found.live.samples
    if samples is None or found.drift is None or found.outside_share is None:
        return True, "Nothing was measured: no server of this model was asked anything here."
    if samples < limits.least_requests:
        few = f"{samples:,.0f} samples of the {limits.least_requests:,} that say something"
        return True, f"Too few to tell: {few}."
    said = []
    if found.drift >= limits.drift:
        moved = sum(shift.drift >= limits.drift for shift in found.shifts)
        farthest = f"{found.shifts[0].descriptor} farthest ({found.drift:.2f} of {limits.drift:g})"
        said.append(f"{moved} of {len(found.shifts)} descriptors drifted, {farthest}")
    if found.outside_share >= limits.outside_share:
        said.append(f"{found.outside_share:.0%} of the samples are out of domain")
    if said:
        return True, f"Not what the model was trained on: {'; '.join(said)}."
    return False, (
        f"Like the training data: largest drift {found.drift:.2f} of {limits.drift:g}, "
        f"{found.outside_share:.1%} of {limits.outside_share:.0%} out of domain."
    )
