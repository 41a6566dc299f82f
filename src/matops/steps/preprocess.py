"""Preprocess: parse and featurize every record of a dataset version, once."""

import hashlib
import inspect
import shutil
from dataclasses import replace
from pathlib import Path

from matops.artifacts.dataset import read_records
from matops.artifacts.jsonfile import read_json, to_json
from matops.artifacts.prepared import SUMMARY, Prepared, write_prepared
from matops.core.card import DataSummary
from matops.core.errors import BadInput
from matops.core.family import EvaluationConfig, Family, FamilyConfig
from matops.core.training import TrainingConfig
from matops.core.uncertainty import least_groups
from matops.steps.ports import DatasetVersion


def _code_of(family: Family) -> bytes:
    """The family's own source: features that other code made are not the same features."""
    folder = Path(inspect.getfile(type(family))).parent
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))


def _cache_key(family: Family, data: DatasetVersion, config: FamilyConfig) -> str:
    """Hash of what the features depend on: not of how a network is trained or measured."""
    relevant = replace(config, training=TrainingConfig(), evaluation=EvaluationConfig())
    said = f"{family.name}\x1f{data.version}\x1f".encode() + to_json(relevant) + _code_of(family)
    return hashlib.sha256(said).hexdigest()[:20]


def prepare(family: Family, data: DatasetVersion, config: FamilyConfig) -> Prepared:
    """Features and split of a dataset version, in memory.

    Raises:
        BadInput: a part of the split has too few rows to train, calibrate or measure.
    """
    # The order in which parts are stored is the order in which they are read back.
    records = sorted(read_records(data.directory, family.targets), key=lambda record: record.id)
    samples = [family.parse(record.payload) for record in records]
    features = family.featurize(samples, config)
    prepared = Prepared(family, config, data.version, records, features)
    _check_parts(family, prepared.summary(), config)
    return prepared


def _check_parts(family: Family, summary: DataSummary, config: FamilyConfig) -> None:
    groups, to_calibrate = summary.groups, least_groups(config.evaluation.coverage)
    for part, least in {"train": 2, "calibration": to_calibrate, "test": 2}.items():
        if groups.get(part, 0) < least:
            raise BadInput(
                f"{family.name} data {summary.version}: {groups.get(part, 0)} of "
                f"{sum(groups.values())} groups fall to {part}; at least {least} are needed"
            )


def preprocess(
    family: Family, data: DatasetVersion, config: FamilyConfig, out: Path, cache: Path
) -> bool:
    """Write prepared samples to ``out``, from ``cache`` where this version was seen before.

    Returns:
        Whether the cache had them.

    Raises:
        BadInput: a part of the split has too few rows to train, calibrate or measure.
    """
    kept = cache / _cache_key(family, data, config)
    found = kept.is_dir()
    if not found:
        unfinished = kept.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write_prepared(unfinished, prepare(family, data, config))
        unfinished.rename(kept)
    # How it is measured is not part of the key, so that what was kept may not be enough now.
    _check_parts(family, read_json(kept / SUMMARY, DataSummary), config)
    shutil.copytree(kept, out, dirs_exist_ok=True)
    return found
