"""The model card: everything a stranger must know before trusting a model package."""

from dataclasses import dataclass, field
from typing import Any

from matops.core.data.target import Target
from matops.core.learning.transfer import Ancestor
from matops.core.quality.gate import Measurement, Verdict
from matops.core.quality.uncertainty import ConditionalCoverage, Conformal

SCHEMA_VERSION = 6


@dataclass(frozen=True)
class OwnSplitSummary:
    """A user's own split, by which the rows were divided."""

    file: str  # name of the file
    fingerprint: str  # SHA-256 of what stands in it
    torn_groups: int  # groups with rows in several parts: what measures has been trained on

    @property
    def words(self) -> str:
        """File, content and leak in words."""
        words = f"The split is the user's own: {self.file}, SHA-256 {self.fingerprint[:12]}."
        if self.torn_groups:
            words += (
                f" {self.torn_groups:,} groups have rows in several parts, as was asked for: "
                "what is measured here is measured on groups that the model has seen."
            )
        return words


@dataclass(frozen=True)
class DataSummary:
    """The data behind a model."""

    version: str  # the dataset version (its DVC hash)
    rows: dict[str, int]  # rows by part of the split
    groups: dict[str, int]  # groups by part of the split
    sources: dict[str, int]  # number of rows by source, engine and method
    licences: tuple[str, ...]  # licences that the records state
    # the user's own split; None where the hash of a group decides
    own_split: OwnSplitSummary | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class DataChange:
    """How the data changed from the champion's to the new model's."""

    before: str  # dataset version of the champion
    added: int | None  # rows that came since; None where that version can't be had any more
    removed: int | None  # rows that went since; None likewise

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
    """The domain of applicability in words and numbers."""

    tokens: tuple[str, ...]  # categories seen in training, as in elements
    # root of the squared novelties in the domain's views, added, at which the score is 1
    threshold: float
    outside_share: float  # share of the test rows outside the domain
    # Spearman correlation of domain score and absolute error on the test rows, per target: what the
    # score is worth
    error_rank_correlation: dict[str, float]


@dataclass(frozen=True)
class Card:
    """A model package's card, stored as schema-checked JSON."""

    schema_version: int  # of this schema
    family: str  # family name
    version: str  # content hash of the package
    created: str  # ISO time, UTC
    targets: tuple[Target, ...]  # what it predicts
    derived: tuple[Target, ...]  # what follows from them by formula
    data: DataSummary  # what it was trained on
    configuration: dict[str, Any]  # the family's whole configuration
    environment: Environment  # what made it
    # conformal calibration of the intervals: the targets' entries, then those of what is derived
    calibration: Conformal
    domain: DomainSummary  # domain of applicability
    measurements: dict[str, Measurement]  # every metric, with confidence intervals
    verdict: Verdict  # what the gates decided
    champion: str  # version of the model it was compared with; empty for a first model
    # how the data changed since that model; None for a first model, and on cards of schema 2, which
    # did not say it
    since_champion: DataChange | None = field(default=None, kw_only=True)
    # coverage by tenths of the predicted values and quarters of the spread, by target and derived
    # quantity, of the test rows in the domain
    coverage_by_part: dict[str, ConditionalCoverage] = field(default_factory=dict, kw_only=True)
    # what the family says that the model has learnt, by heading, as a closed form
    explanations: dict[str, str] = field(default_factory=dict, kw_only=True)
    lineage: tuple[Ancestor, ...]  # the model it started from, and those before it, nearest first
    files: dict[str, str]  # SHA-256 of each other file in the package

    @property
    def properties(self) -> tuple[Target, ...]:
        """All that is answered with an interval."""
        return (*self.targets, *self.derived)
