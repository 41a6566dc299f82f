"""A rollout: which arms answer which share of the traffic. It is kept on the deployment itself."""

from dataclasses import dataclass
from typing import Literal

Move = Literal["start", "advance", "hold", "promote", "roll_back", "inconclusive"]


@dataclass(frozen=True)
class Arm:
    """One running copy of a model package.

    Attributes:
        name: unique within the deployment for as long as it runs, as in ``8a727648-2``; metrics
            carry it as the label ``variant``.
        version: version of the package.
        package: where the package lies: a directory or a URI that the deployment can read.
    """

    name: str
    version: str
    package: str


@dataclass(frozen=True)
class Rollout:
    """State of a family's deployment.

    Attributes:
        generation: counts changes; a change must follow the one it was decided on.
        champion: the arm that is trusted; it is never absent.
        candidate: the arm that must prove itself; None between releases.
        baseline: a second copy of the champion with the candidate's share, so that arms of
            equal size are compared; None where the champion itself has no larger share.
        share_percent: the candidate's share of the traffic.
        stage_began: ISO time, UTC, at which this share was set; empty between releases.
        release_began: ISO time, UTC, at which the release began; empty between releases.
        setbacks: judgements in a row that found nothing to go on or went against the candidate.
        move: what was decided last.
        reason: why, in one sentence.
    """

    generation: int
    champion: Arm
    candidate: Arm | None = None
    baseline: Arm | None = None
    share_percent: int = 0
    stage_began: str = ""
    release_began: str = ""
    setbacks: int = 0
    move: Move = "promote"
    reason: str = ""

    @property
    def shares_percent(self) -> dict[str, int]:
        """Share of the traffic by arm name; they add up to 100."""
        if self.candidate is None:
            return {self.champion.name: 100}
        shares = {self.candidate.name: self.share_percent}
        if self.baseline:
            shares[self.baseline.name] = self.share_percent
        return {self.champion.name: 100 - sum(shares.values()), **shares}
