"""Grouped cross-validation of any family on any source, members side by side in processes."""

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress

from matops.core.family import Family, FamilyConfig
from matops.core.features import PackedFeatures
from matops.core.record import Provenance, Record
from matops.core.split import grouped_folds
from matops.core.target import targets_to_scale
from matops.core.training import Ensemble, standardise
from matops.families import get_family

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A source, ready for cross-validation.

    Attributes:
        records: its good records.
        scaled: targets on their learning scales, shape (n, n_targets).
        features: packed features of all records.
    """

    records: list[Record]
    scaled: Array
    features: PackedFeatures

    @property
    def groups(self) -> list[str]:
        """Group of each record."""
        return [record.group for record in self.records]


@dataclass(frozen=True)
class Result:
    """Held-out predictions.

    Attributes:
        predicted: by member, on the learning scale, shape (members, n, n_targets).
        seconds_per_epoch: median over the trainings.
    """

    predicted: Array
    seconds_per_epoch: float


def read_records(family: Family, source: Path) -> list[Record]:
    """The good records of a source."""
    incoming = family.read(source, Provenance("", ""))
    return [record for record in incoming if isinstance(record, Record)]


def load_table(family: Family, config: FamilyConfig, source: Path) -> Table:
    """Read and featurize a source."""
    records = read_records(family, source)
    samples = [family.parse(record.payload) for record in records]
    names = [target.name for target in family.targets]
    values = np.array([[record.targets[name] for name in names] for record in records])
    return Table(
        records,
        targets_to_scale(family.targets, values),
        family.featurize(samples, config),
    )


def _fit_one(
    name: str,
    config: FamilyConfig,
    source: Path,
    fold_of: NDArray[np.int64],
    fold: int,
    member: int,
) -> tuple[int, int, Array, float]:
    family = get_family(name)
    table = load_table(family, config, source)
    train = torch.from_numpy(np.flatnonzero(fold_of != fold))
    test = torch.from_numpy(np.flatnonzero(fold_of == fold))
    standard, centre, scale = standardise(table.scaled[train.numpy()])
    times = [time.perf_counter()]
    network, _ = family.fit_member(
        table.features.take(train),
        standard,
        config,
        1000 * fold + member,
        lambda *_: times.append(time.perf_counter()),
    )
    predicted = Ensemble([network], centre, scale).predict(table.features.take(test))[0]
    return fold, member, predicted, float(np.median(np.diff(times)))


def cross_validate(
    family: Family,
    config: FamilyConfig,
    source: Path,
    groups: Sequence[str],
    folds: int,
    seed: int,
    workers: int,
) -> Result:
    """Train every member on every fold and predict what was held out.

    No row of a fold takes part in its training, nor in any choice: the schedule is fixed.
    """
    fold_of = grouped_folds(groups, folds, seed)
    members = config.training.members
    predicted = np.full((members, len(groups), len(family.targets)), np.nan)
    seconds = []
    tasks = [(fold, member) for fold in range(folds) for member in range(members)]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool, Progress() as bars:
        bar = bars.add_task("cross-validation", total=len(tasks))
        waiting = [
            pool.submit(_fit_one, family.name, config, source, fold_of, fold, member)
            for fold, member in tasks
        ]
        for future in as_completed(waiting):
            fold, member, part, taken = future.result()
            predicted[member, fold_of == fold] = part
            seconds.append(taken)
            bars.advance(bar)
    return Result(predicted, float(np.median(seconds)))
