"""Which networks a cross-validation needs: no group both trains a network and is asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matops.artifacts.model.start import read_start
from matops.core.data.split import OwnSplit, grouped_folds
from matops.core.errors import BadInput
from matops.core.exploring.study import Variant, draw_training_groups
from matops.core.family import Family, FamilyConfig
from matops.steps.learning.fold_training import FoldTraining, training_key
from matops.steps.learning.samples import Samples

FEWEST_FOLDS = 2
SEEDS_A_FOLD = 1000
"""More than any ensemble has members."""


@dataclass(frozen=True)
class Case:
    """What is cross-validated."""

    variant: Variant  # its name, and how many groups train
    config: FamilyConfig
    draws: int = 1  # random choices of the training groups
    start: Path | None = None  # package from which its networks start; None for random weights


@dataclass(frozen=True)
class Folds:
    """How the groups are dealt to parts, each of which is held out once."""

    count: int  # number of parts
    seed: int  # of the division and of all draws
    measured: int | None = None  # how many of them are held out, where all would cost too much
    own: OwnSplit | None = None  # the user's own, which then says the fold of each sample

    @property
    def held_out(self) -> range:
        """The folds that are held out, one after the other."""
        return range(self.count if self.measured is None else min(self.measured, self.count))


@dataclass(frozen=True)
class Place:
    """Where a training's answers belong, and how many groups it saw."""

    draw: int
    member: int
    train_groups: int


Plan = list[tuple[Place, FoldTraining]]


def deal_folds(samples: Samples, folds: Folds) -> NDArray[np.int64]:
    """Fold of each sample, shape (n,).

    Raises:
        BadInput: the groups can't be dealt to so many folds, the seed is negative, or the user's
            own folds don't fit the samples.
    """
    if folds.seed < 0:
        raise BadInput(f"the seed of the folds is zero or more, not {folds.seed}")
    groups = len(np.unique(samples.groups))
    if not FEWEST_FOLDS <= folds.count <= groups:
        raise BadInput(
            f"{folds.count} folds can't be made of {groups} groups; "
            f"at least {FEWEST_FOLDS} folds, and a group for each"
        )
    if folds.own:
        return np.unique(folds.own.fold_of(samples.records), return_inverse=True)[1]
    return grouped_folds(samples.groups.tolist(), folds.count, folds.seed)


def _training_rows(
    samples: Samples, fold_of: NDArray[np.int64], fold: int, variant: Variant, seed: Sequence[int]
) -> NDArray[np.int64]:
    rows = np.flatnonzero(fold_of != fold)
    if not variant.draws_groups:
        return rows
    chosen = draw_training_groups(samples.groups[rows], variant, seed)
    return rows[np.isin(samples.groups[rows], chosen)]


def _start_version(family: Family, case: Case) -> str:
    """Version of the package from which a case starts; empty without one."""
    if case.start is None:
        return ""
    if not case.config.training.transfer.disjoint_data:
        raise BadInput(
            f"variant {case.variant.label!r}: every group is held out once, so a start must not "
            "have been trained on any of them; if that is so, say it with "
            "--set training.transfer.disjoint_data=true"
        )
    return read_start(case.start, family, case.config).lineage[0].version


def plan_case(
    samples: Samples, case: Case, folds: Folds, fold_of: NDArray[np.int64], features: Path
) -> Plan:
    """Every network of a case; folds, members and draws all differ in seed.

    Raises:
        BadInput: the case wants more training groups than a fold has, or starts from a package
            that is damaged, of another family, or not said to be of disjoint data.
    """
    family, config, plan = samples.family, case.config, []
    version = _start_version(family, case)
    for draw, fold in product(range(case.draws), folds.held_out):
        train = _training_rows(samples, fold_of, fold, case.variant, (folds.seed, draw, fold))
        held_out = np.flatnonzero(fold_of == fold)
        ids = samples.ids[train].tolist(), samples.ids[held_out].tolist()
        truth, train_groups = samples.scaled.take(train), len(np.unique(samples.groups[train]))
        for member in range(config.training.members):
            number = member + SEEDS_A_FOLD * (fold + folds.count * draw)
            key = training_key(family, config, *ids, number, version)
            training = FoldTraining(
                key,
                family,
                config,
                features,
                train,
                truth,
                held_out,
                member,
                number,
                samples.groups[train],
                case.start,
            )
            plan.append((Place(draw, member, train_groups), training))
    return plan
