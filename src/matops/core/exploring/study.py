"""Studies: one thing of a configuration is varied, everything else is held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from matops.core.errors import BadInput
from matops.core.quality.gate import Measurement

Metric = Literal["r2", "mae", "rmse", "mae_scaled"]

POOLED = "all"
"""Stands for all targets together, where they have one unit."""

FEWEST_GROUPS = 2
"""Fewer have no spread by which targets could be standardised."""


@dataclass(frozen=True)
class Variant:
    """One point of a study."""

    label: str  # its name in tables
    # new value by dotted field name of the configuration
    changes: Mapping[str, Any] = field(default_factory=dict)
    # where it lies on the plot's horizontal axis; None for a bar with its label
    x: float | None = None
    # number of groups that train in each fold; None for all there are
    train_groups: int | None = None
    train_share: float = 1.0  # or the share of them
    series: str = ""  # the line of the plot to which it belongs
    transfer: bool = False  # its members start from a package instead of from random weights

    @property
    def draws_groups(self) -> bool:
        """Whether it trains on some of the groups only."""
        return self.train_groups is not None or self.train_share < 1.0


@dataclass(frozen=True)
class Study:
    """A question to a family's configuration, answered by grouped cross-validation."""

    name: str  # as on the command line
    question: str  # what it answers, one line
    variants: tuple[Variant, ...]  # its points
    x_label: str = ""  # what the horizontal axis shows, with its unit
    log_x: bool = False  # whether that axis is logarithmic
    metric: Metric = "r2"  # what the plot shows; ``mae_scaled`` is taken on the learning scale
    # targets that the plot shows, a panel each; ``all`` pools them
    shown: tuple[str, ...] = (POOLED,)
    draws: int = 1  # random choices of the training groups where a variant takes only some
    preset: str = "full"  # the configuration that the variants change

    def __post_init__(self) -> None:
        labels = [variant.label for variant in self.variants]
        if len(set(labels)) < len(labels):
            raise ValueError(f"study {self.name}: two variants have one label")
        if len({variant.x is None for variant in self.variants}) != 1:
            raise ValueError(f"study {self.name}: all variants have an x, or none has")


@dataclass(frozen=True)
class VariantResult:
    """What a variant showed on the groups it had not seen."""

    variant: Variant
    errors: Mapping[str, Mapping[str, Measurement]]  # by target (or ``all``), then by metric
    train_groups: int  # groups that trained, median over the folds
    draws: int  # random choices of those groups
    members: int  # networks whose mean was measured
    weights: int  # trainable numbers of one network
    seconds_per_member: float  # time of one training, median, one process among several
    seconds_per_epoch: float | None  # the same for an epoch; None where a fit has no epochs


def find_study(studies: Sequence[Study], family: str, name: str) -> Study:
    """The study of this name.

    Raises:
        BadInput: there is none.
    """
    named = {study.name: study for study in studies}
    if name not in named:
        names = ", ".join(named) or "none"
        raise BadInput(f"{family} has no study {name!r}; there are: {names}")
    return named[name]


def select_variants(study: Study, only: Sequence[str]) -> tuple[Variant, ...]:
    """The variants with these labels, in the study's order; all when there are no labels.

    Raises:
        BadInput: a label that no variant has.
    """
    labels = [variant.label for variant in study.variants]
    for label in only:
        if label not in labels:
            raise BadInput(
                f"study {study.name} has no variant {label!r}; there are: {'; '.join(labels)}"
            )
    return tuple(v for v in study.variants if not only or v.label in only)


def draw_training_groups(
    available: NDArray[np.str_], variant: Variant, seed: Sequence[int]
) -> NDArray[np.str_]:
    """The groups that train: the first ones of a random order, so that larger sets hold smaller.

    The ``available`` ones are not held out; ``seed`` is the same for all variants of a study.

    Raises:
        BadInput: it wants more groups than there are, or too few to train on.
    """
    names = np.unique(available)
    wanted = variant.train_groups
    if wanted is None:
        wanted = max(FEWEST_GROUPS, round(variant.train_share * len(names)))
    if not FEWEST_GROUPS <= wanted <= len(names):
        raise BadInput(
            f"variant {variant.label!r} trains on {wanted} groups; at least {FEWEST_GROUPS} are "
            f"needed, and a fold has {len(names)}"
        )
    return np.random.default_rng(list(seed)).permutation(names)[:wanted]
