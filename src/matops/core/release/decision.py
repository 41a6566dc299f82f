"""A decision on a rollout, with everything it rests on."""

from dataclasses import dataclass, field

from matops.core.release.rollout import Rollout
from matops.core.release.ruling import Ruling
from matops.core.release.traffic import ArmTraffic, PairedAnswers


@dataclass(frozen=True)
class Evidence:
    """What a ruling rests on; None where nothing was measured."""

    # arms that did not answer, by name, with what was known of why
    unready: dict[str, str] = field(default_factory=dict)
    candidate: ArmTraffic | None = None  # what the candidate met
    reference: ArmTraffic | None = None  # what the arm it was compared with met
    paired: PairedAnswers | None = None  # what both answered to the same requests


@dataclass(frozen=True)
class Decision:
    """One decision."""

    at: str  # ISO time, UTC
    version: str  # of the package that it is about
    ruling: Ruling  # what was decided, and every check
    evidence: Evidence
    before: Rollout | None  # state of the deployment; None where nothing was deployed
    after: Rollout  # the state that follows

    @property
    def ended(self) -> bool:
        """Whether the judge's part ended with it; a person may have the rest."""
        return self.after.candidate is None or self.after.awaits_person
