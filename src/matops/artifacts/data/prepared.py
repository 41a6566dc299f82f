"""Prepared samples: records with their place in the split, and their packed features."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, from_numpy

from matops.artifacts.data.dataset import read_records, write_part
from matops.artifacts.jsonfile import read_json, write_json
from matops.core.data.record import Record
from matops.core.data.split import Part, assign_part, torn_groups
from matops.core.data.tables import Tables, label_tables
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.learning.features import PackedFeatures
from matops.core.quality.card import DataSummary, OwnSplitSummary

FEATURES, SUMMARY, PARTS = "features.safetensors", "summary.json", "parts.json"


@dataclass(frozen=True)
class OwnParts:
    """The part of each record, as the user's own split has it."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Prepared:
    """A dataset version, ready for training and evaluation."""

    family: Family  # which family
    config: FamilyConfig  # the configuration that made the features and the split
    version: str  # the dataset version
    records: list[Record]  # all records, in the order of the features' samples
    features: PackedFeatures  # packed features of all records
    # the user's own split of the records; None where the hash of a group decides
    own: OwnParts | None = None

    @property
    def groups(self) -> NDArray[np.str_]:
        """Group of each record."""
        return np.array([record.group for record in self.records])

    @property
    def parts(self) -> Sequence[Part]:
        """The part of each record."""
        if self.own:
            return self.own.parts
        return [assign_part(record.group, self.config.split) for record in self.records]

    def rows(self, part: Part) -> Tensor:
        """Row numbers of a part of the split."""
        return from_numpy(np.flatnonzero(np.array(self.parts) == part))

    def scaled_targets(self) -> Tables:
        """Targets on their learning scales."""
        return label_tables(self.family.targets, self.records).to_scale()

    def summary(self) -> DataSummary:
        """The card's account of the data."""
        parts = self.parts
        pairs = {(part, record.group) for part, record in zip(parts, self.records, strict=True)}
        made_by = (
            f"{r.provenance.source}, {r.provenance.engine}, {r.provenance.method}"
            for r in self.records
        )
        return DataSummary(
            version=self.version,
            rows=dict(Counter(parts)),
            groups=dict(Counter(part for part, _ in pairs)),
            sources=dict(Counter(made_by)),
            licences=tuple(sorted({r.provenance.licence for r in self.records})),
            own_split=self._own_split(),
        )

    def _own_split(self) -> OwnSplitSummary | None:
        if self.own is None:
            return None
        split, torn = self.config.split, torn_groups(self.records, self.own.parts)
        return OwnSplitSummary(Path(split.file).name, split.fingerprint, len(torn))


def write_prepared(directory: Path, prepared: Prepared) -> None:
    """Store prepared samples in a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    write_part(directory, prepared.records, prepared.family.targets)
    save_file(prepared.features.flat(), directory / FEATURES)
    write_json(directory / SUMMARY, prepared.summary())
    if prepared.own:
        write_json(directory / PARTS, prepared.own)


def read_prepared(directory: Path, family: Family, config: FamilyConfig) -> Prepared:
    """Read what :func:`write_prepared` wrote.

    Raises:
        BadInput: records and features are not of the same writing.
    """
    summary = read_json(directory / SUMMARY, DataSummary)
    features = PackedFeatures.from_flat(load_file(directory / FEATURES), family.pointers)
    records = list(read_records(directory, family.targets))
    if len(records) != len(features):
        raise BadInput(f"{directory}: {len(records)} records, but features of {len(features)}")
    own = read_json(directory / PARTS, OwnParts) if config.split.file else None
    if own and len(own.parts) != len(records):
        raise BadInput(f"{directory}: {len(records)} records, but a split of {len(own.parts)}")
    return Prepared(family, config, summary.version, records, features, own)
