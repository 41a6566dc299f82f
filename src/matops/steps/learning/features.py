"""Features of records: computed once, in parallel, kept on disk, resumed where they stopped."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from matops.artifacts.jsonfile import to_json
from matops.artifacts.reached_code import code_digest
from matops.core.data.record import Record
from matops.core.data.tables import check_rows
from matops.core.family import Family, FamilyConfig
from matops.core.learning.features import PackedFeatures
from matops.core.progress import Progress
from matops.processes.atomic import atomic
from matops.processes.workers import run_all

RECORDS_AT_ONCE = 64
"""Records whose features are computed, and kept, in one go."""

FEATURES_OF = ("parse", "featurize", "pointers")
"""Members of a family that make features."""


def features_file(
    cache: Path, family: Family, records: Sequence[Record], config: FamilyConfig
) -> Path:
    """Where the features of these records are kept; the name follows from what they depend on."""
    ids = "\x1f".join(record.id for record in records)
    inputs = f"{family.name}\x1e{ids}\x1e".encode() + to_json(family.feature_key(config))
    code = code_digest(family, config, FEATURES_OF, (_concatenate,))
    digest = hashlib.sha256(inputs + code).hexdigest()[:20]
    return cache / f"features-{digest}.safetensors"


def read_features(path: Path, pointers: Mapping[str, str]) -> PackedFeatures:
    """Features as :func:`keep_features` left them, with the family's pointers."""
    return PackedFeatures.from_flat(load_file(path), pointers)


def _write(path: Path, features: PackedFeatures) -> None:
    with atomic(path) as unfinished:
        save_file(features.flat(), unfinished)


def _featurize(family: Family, records: Sequence[Record], config: FamilyConfig, path: Path) -> None:
    features = family.featurize([family.parse(record.payload) for record in records], config)
    check_rows(family.targets, records, features.counts)
    _write(path, features)


def _concatenate(parts: Sequence[PackedFeatures]) -> PackedFeatures:
    """Samples of all parts, in order; pointers count within a sample, so they stay as they are."""
    flats = [part.flat() for part in parts]
    joined = {name: torch.cat([flat[name] for flat in flats]) for name in flats[0]}
    return PackedFeatures.from_flat(joined, parts[0].pointers)


def keep_features(
    family: Family,
    records: Sequence[Record],
    config: FamilyConfig,
    cache: Path,
    workers: int,
    progress: Progress,
) -> Path:
    """Features of all records in one file, computed unless they are there already.

    An interrupted computation continues in ``cache``.

    Returns:
        The file, for :func:`read_features`; its samples have the order of ``records``.
    """
    whole = features_file(cache, family, records, config)
    if whole.is_file():
        progress(1, 1, "kept from before")
        return whole
    cache.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(records), RECORDS_AT_ONCE)
    parts = [records[i : i + RECORDS_AT_ONCE] for i in starts]
    paths = [features_file(cache, family, part, config) for part in parts]
    pairs = [(part, path) for part, path in zip(parts, paths, strict=True) if not path.is_file()]
    calls = [(family, part, config, path) for part, path in pairs]
    kept = len(parts) - len(calls)
    for done, _ in enumerate(run_all(_featurize, calls, workers), start=kept + 1):
        progress(done, len(parts), f"{RECORDS_AT_ONCE} records each")
    if len(parts) > 1:
        _write(whole, _concatenate([read_features(path, family.pointers) for path in paths]))
        for path in paths:
            path.unlink()
    return whole
