"""Splits that can't leak: a group's place follows from its name alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "calibration", "test"]


@dataclass(frozen=True)
class SplitConfig:
    """Shares of groups that go to calibration and test; the rest trains.

    A group's part is decided by a hash of its name. It therefore stays the same when data is
    added: a challenger's test rows were never training rows of an earlier champion.
    """

    calibration: float = 0.1  # share of groups that calibrates the intervals
    test: float = 0.1  # share of groups that measures
    salt: str = "matops"  # change it to draw another split


def _uniform(name: str, salt: str) -> float:
    digest = hashlib.sha256(f"{salt}\x1f{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def assign_part(group: str, config: SplitConfig) -> Part:
    """The part of a split to which a group belongs, now and for ever."""
    u = _uniform(group, config.salt)
    if u < config.test:
        return "test"
    return "calibration" if u < config.test + config.calibration else "train"


def grouped_folds(groups: Sequence[str], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Fold number of each row, shape (n,), for cross-validation without a group on two sides.

    Groups are shuffled by ``seed`` and dealt, largest first, to the fold with the fewest rows.
    """
    names, inverse, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    fold_of_group = np.empty(len(names), dtype=np.int64)
    load = np.zeros(n_folds, dtype=np.int64)
    for group in order:
        fold_of_group[group] = np.argmin(load)
        load[fold_of_group[group]] += sizes[group]
    return fold_of_group[inverse]
