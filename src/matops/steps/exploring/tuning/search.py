"""What all trials of a search have in common: samples, inner folds, and how errors are counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.artifacts.configuration import change_fields, resolve_config
from matops.artifacts.data.dataset import read_records, write_part
from matops.artifacts.exploring.tuning import (
    CACHE,
    DATA,
    TuningPlan,
    alone,
    check_plan,
    digest_of,
    read_plan,
    write_plan,
)
from matops.core.data.split import grouped_folds
from matops.core.data.tables import Tables
from matops.core.family import Family, FamilyConfig
from matops.core.progress import Progress
from matops.steps.learning.features import features_file, keep_features
from matops.steps.learning.fold_plan import SEEDS_A_FOLD
from matops.steps.learning.fold_training import FoldTraining, training_key
from matops.steps.learning.samples import Samples, gather_samples

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Search:
    """A search as its trials see it."""

    directory: Path
    plan: TuningPlan
    samples: Samples  # all, in the order of their ids
    rows: Rows  # those that the search may see
    fold_of: Rows  # inner fold of each of these rows
    deviations: Mapping[str, float]  # of each target over these rows, on its learning scale

    @property
    def base(self) -> FamilyConfig:
        """The configuration that trials change."""
        fixed = {**self.plan.space.changes, **self.plan.changes}
        return resolve_config(self.samples.family, self.plan.preset, fixed)

    def configuration(self, values: Mapping[str, Any]) -> FamilyConfig:
        """The configuration of a trial, of one network.

        Raises:
            BadInput: the values don't go together.
        """
        config = change_fields(self.base, {**values, "training.members": 1}, "configuration")
        self.samples.family.network(config)  # which refuses what leaves nothing of its input
        return config

    def features(self, config: FamilyConfig, workers: int, progress: Progress) -> Path:
        """The file with the features of all samples, made by one process at a time."""
        family, records = self.samples.family, self.samples.records
        path = features_file(self.directory / CACHE, family, records, config)
        if not path.is_file():
            with alone(self.directory / CACHE, wait=True):
                keep_features(family, records, config, self.directory / CACHE, workers, progress)
        return path

    def training(self, config: FamilyConfig, fold: int, features: Path) -> FoldTraining:
        """The network of a trial that does not see one of the inner folds."""
        train, unseen = self.rows[self.fold_of != fold], self.rows[self.fold_of == fold]
        samples, number = self.samples, SEEDS_A_FOLD * fold
        ids = samples.ids[train].tolist(), samples.ids[unseen].tolist()
        key = training_key(samples.family, config, *ids, number, "")
        truth, groups = samples.scaled.take(train), samples.groups[train]
        return FoldTraining(
            key, samples.family, config, features, train, truth, unseen, 0, number, groups
        )

    def error(self, rows: Rows, predicted: Mapping[str, NDArray[np.float64]]) -> float:
        """Mean over the targets of the mean absolute error in standard deviations.

        ``predicted`` are tables by axis, (rows, columns), on the learning scales.
        """
        per_target = self.misfits(rows, predicted)
        return float(np.mean([misfit.mean() for misfit in per_target.values()]))

    def misfits(
        self, rows: Rows, predicted: Mapping[str, NDArray[np.float64]]
    ) -> dict[str, NDArray[np.float64]]:
        """Absolute errors of all numbers of each target, in its standard deviations."""
        truth = self.samples.scaled.take(rows)
        answers = Tables(truth.targets, predicted, truth.counts)
        return {
            t.name: np.abs(answers.numbers(t) - truth.numbers(t)).ravel() / self.deviations[t.name]
            for t in truth.targets
        }


def begin_search(
    directory: Path, plan: TuningPlan, samples: Samples, held_out: tuple[str, ...]
) -> None:
    """Keep samples and plan, or find the same there; ``held_out`` are ids of outer samples.

    Raises:
        BadInput: the directory holds another search.
    """
    plan = replace(plan, data=digest_of(samples.records), held_out=held_out)
    if not check_plan(directory, plan):
        write_part(directory / DATA, samples.records, samples.family.targets)
        write_plan(directory, plan)


@lru_cache(maxsize=2)
def open_search(family: Family, directory: Path) -> Search:
    """A search that was begun; a process that runs many trials reads it once."""
    plan = read_plan(directory)
    samples, _ = gather_samples(family, read_records(directory / DATA, family.targets))
    rows = np.flatnonzero(~np.isin(samples.ids, plan.held_out))
    fold_of = grouped_folds(samples.groups[rows].tolist(), plan.folds, plan.seed)
    seen = samples.scaled.take(rows)
    deviations = {t.name: max(float(seen.numbers(t).std()), 1e-12) for t in family.targets}
    return Search(directory, plan, samples, rows, fold_of, deviations)
