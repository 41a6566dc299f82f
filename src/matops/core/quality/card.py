"""The model card: everything a stranger must know before trusting a model package."""

from dataclasses import dataclass, field
from typing import Any

from matops.core.data.target import Target
from matops.core.learning.transfer import Ancestor
from matops.core.quality.gate import Measurement, Verdict
from matops.core.quality.uncertainty import Conformal

SCHEMA_VERSION = 3


@dataclass(frozen=True)
class DataSummary:
    """The data behind a model.

    Attributes:
        version: the dataset version (its DVC hash).
        rows: rows by part of the split.
        groups: groups by part of the split.
        sources: number of rows by source, engine and method.
        licences: licences that the records state.
    """

    version: str
    rows: dict[str, int]
    groups: dict[str, int]
    sources: dict[str, int]
    licences: tuple[str, ...]


@dataclass(frozen=True)
class DataChange:
    """How the data changed from the champion's to the new model's.

    Attributes:
        before: dataset version of the champion.
        added: rows that came since; None where that version can't be had any more.
        removed: rows that went since; None likewise.
    """

    before: str
    added: int | None
    removed: int | None

    @property
    def words(self) -> str:
        """The change in words."""
        if self.added is None or self.removed is None:
            return "can't be had any more; rows since then are not known"
        if not self.added and not self.removed:
            return "the same rows"
        went = f", {self.removed:,} removed" if self.removed else ""
        return f"{self.added:,} rows added since{went}"


@dataclass(frozen=True)
class Environment:
    """The program that made the model."""

    matops: str
    commit: str
    python: str
    torch: str
    platform: str
    device: str


@dataclass(frozen=True)
class DomainSummary:
    """The domain of applicability in words and numbers.

    Attributes:
        tokens: categories seen in training, as in elements.
        threshold: mean distance to the nearest training rows at which the score is 1.
        outside_share: share of the test rows outside the domain.
        error_rank_correlation: Spearman correlation of domain score and absolute error on the
            test rows, per target: what the score is worth.
    """

    tokens: tuple[str, ...]
    threshold: float
    outside_share: float
    error_rank_correlation: dict[str, float]


@dataclass(frozen=True)
class Card:
    """A model package's card, stored as schema-checked JSON.

    Attributes:
        schema_version: of this schema.
        family: family name.
        version: content hash of the package.
        created: ISO time, UTC.
        targets: what it predicts.
        data: what it was trained on.
        configuration: the family's whole configuration.
        environment: what made it.
        calibration: conformal calibration of the intervals.
        domain: domain of applicability.
        measurements: every metric, with confidence intervals.
        verdict: what the gates decided.
        champion: version of the model it was compared with; empty for a first model.
        since_champion: how the data changed since that model; None for a first model, and on
            cards of schema 2, which did not say it.
        explanations: what the family says that the model has learnt, by heading, as a closed form.
        lineage: the model it started from, and those before it, nearest first.
        files: SHA-256 of each other file in the package.
    """

    schema_version: int
    family: str
    version: str
    created: str
    targets: tuple[Target, ...]
    data: DataSummary
    configuration: dict[str, Any]
    environment: Environment
    calibration: Conformal
    domain: DomainSummary
    measurements: dict[str, Measurement]
    verdict: Verdict
    champion: str
    since_champion: DataChange | None = field(default=None, kw_only=True)
    explanations: dict[str, str] = field(default_factory=dict, kw_only=True)
    lineage: tuple[Ancestor, ...]
    files: dict[str, str]
