"""Preprocess: parse and featurize every record of a dataset version, once."""

from pathlib import Path

from matops.artifacts.data.dataset import read_records
from matops.artifacts.data.prepared import OwnParts, Prepared, write_prepared
from matops.core.data.split import OwnSplit
from matops.core.errors import BadInput
from matops.core.family import Family, FamilyConfig
from matops.core.progress import Progress
from matops.core.quality.card import DataSummary
from matops.core.quality.uncertainty import least_groups
from matops.steps.learning.features import features_file, keep_features, read_features
from matops.steps.ports import DatasetVersion


def _check_parts(family: Family, summary: DataSummary, config: FamilyConfig) -> None:
    groups, to_calibrate = summary.groups, least_groups(config.evaluation.coverage)
    for part, least in {"train": 2, "calibration": to_calibrate, "test": 2}.items():
        if groups.get(part, 0) < least:
            raise BadInput(
                f"{family.name} data {summary.version}: {groups.get(part, 0)} of "
                f"{sum(groups.values())} groups fall to {part}; at least {least} are needed"
            )


def preprocess(
    family: Family,
    data: DatasetVersion,
    config: FamilyConfig,
    out: Path,
    cache: Path,
    workers: int = 1,
    progress: Progress = lambda done, total, words: None,
    split: OwnSplit | None = None,
) -> bool:
    """Write prepared samples to ``out``; features come from ``cache`` where it has them.

    ``split`` is the user's own, where the configuration names one.

    Returns:
        Whether the cache had them.

    Raises:
        BadInput: a part of the split has too few rows to train, calibrate or measure; or the user's
            own does not fit the records.
    """
    # The order in which parts are stored is the order in which they are read back.
    records = sorted(read_records(data.directory, family.targets), key=lambda record: record.id)
    own = OwnParts(tuple(split.part_of(records, config.split.torn_groups))) if split else None
    cached = features_file(cache, family, records, config).is_file()
    kept = keep_features(family, records, config, cache, workers, progress)
    features = read_features(kept, family.pointers)
    prepared = Prepared(family, config, data.version, records, features, own)
    _check_parts(family, prepared.summary(), config)
    write_prepared(out, prepared)
    return cached
