"""A decision on a rollout, with everything it rests on."""

from dataclasses import dataclass, field

from matops.core.release.rollout import Rollout
from matops.core.release.ruling import Ruling
from matops.core.release.traffic import ArmTraffic, PairedAnswers


@dataclass(frozen=True)
class Evidence:
    """What was known; None is what nobody measured.

    Attributes:
        unready: arms that did not answer, by name, with what was known of why.
        candidate: what the candidate met.
        reference: what the arm it was compared with met.
        paired: what both answered to the same requests.
    """

    unready: dict[str, str] = field(default_factory=dict)
    candidate: ArmTraffic | None = None
    reference: ArmTraffic | None = None
    paired: PairedAnswers | None = None


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        at: ISO time, UTC.
        version: of the package that it is about.
        ruling: what was decided, and every check.
        evidence: on what.
        before: state of the deployment; None where nothing was deployed.
        after: the state that follows.
    """

    at: str
    version: str
    ruling: Ruling
    evidence: Evidence
    before: Rollout | None
    after: Rollout

    @property
    def ended(self) -> bool:
        """Whether a release ended with it."""
        return self.after.candidate is None


def is_rolled_back(decisions: list[Decision], version: str) -> bool:
    """Whether the last release of a version ended with its being rolled back."""
    moves = [d.ruling.move for d in decisions if d.version == version and d.ended]
    return moves[-1:] == ["roll_back"]
