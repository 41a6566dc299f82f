"""Splits that can't leak: a group's place follows from its name alone, or from a user's file."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from matops.core.data.record import Record
from matops.core.errors import BadInput

Part = Literal["train", "calibration", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
Place = TypeVar("Place", bound=Part | int)
"""A part, or the number of a fold."""


@dataclass(frozen=True)
class SplitConfig:
    """Shares of groups that go to calibration and test; the rest trains.

    A group's part is decided by a hash of its name. It therefore stays the same when data is
    added: a challenger's test rows were never training rows of an earlier champion.
    """

    calibration: float = 0.1  # share of groups that calibrates the intervals
    test: float = 0.1  # share of groups that measures
    salt: str = "matops"  # change it to draw another split
    # a user's own split, which then decides instead; ``--split FILE`` sets this and the next
    file: str = ""
    fingerprint: str = ""  # SHA-256 of what stands in it
    torn_groups: bool = False  # whether it may put one group into several parts, which is a leak


@dataclass(frozen=True)
class OwnSplit:
    """A user's own split, as a file says it."""

    file: str  # its path or address
    fingerprint: str  # SHA-256 of what stands in it
    by: Literal["id", "group"]  # what ``parts`` and ``folds`` go by
    parts: Mapping[str, Part]  # empty where the file has only folds
    folds: Mapping[str, int]  # empty where the file has only parts

    def part_of(self, records: Sequence[Record], may_tear: bool = False) -> list[Part]:
        """The part of each record.

        Raises:
            BadInput: the file names what the data lack, or lacks what they hold; or one group lies
                in several parts, and that was not allowed.
        """
        return self._places(records, self.parts, "part", may_tear)

    def fold_of(self, records: Sequence[Record]) -> NDArray[np.int64]:
        """The fold of each record, shape (n,), for cross-validation.

        Raises:
            BadInput: as :meth:`part_of`.
        """
        return np.array(self._places(records, self.folds, "fold", may_tear=False), dtype=np.int64)

    def _places(
        self, records: Sequence[Record], places: Mapping[str, Place], what: str, may_tear: bool
    ) -> list[Place]:
        if not places:
            raise BadInput(f"{self.file}: has no column {what}")
        keys = [record.id if self.by == "id" else record.group for record in records]
        lacking = [r for r, key in zip(records, keys, strict=True) if key not in places]
        if lacking:
            raise BadInput(
                f"{self.file}: {len(lacking):,} of {len(records):,} records have no {what}, the "
                f"first being {lacking[0].id} of group {lacking[0].group} "
                f"({lacking[0].provenance.origin})"
            )
        unknown = sorted(set(places) - set(keys))
        if unknown:
            raise BadInput(
                f"{self.file}: {len(unknown):,} {self.by}s that the data don't have, the first "
                f"being {unknown[0]}"
            )
        place_of = [places[key] for key in keys]
        torn = torn_groups(records, place_of)
        if torn and not may_tear:
            group, among = next(iter(torn.items()))
            meant = "; if it is meant so, say --set split.torn_groups=true"
            raise BadInput(
                f"{self.file}: {len(torn):,} groups are torn between {what}s, the first being "
                f"{group} in {' and '.join(map(str, among))}: what measures would have been "
                f"trained on{meant if what == 'part' else ''}"
            )
        return place_of


def torn_groups(records: Sequence[Record], places: Sequence[Place]) -> dict[str, list[Place]]:
    """The groups that lie in several places, with these."""
    by_group: dict[str, set[Place]] = {}
    for record, place in zip(records, places, strict=True):
        by_group.setdefault(record.group, set()).add(place)
    return {group: sorted(among) for group, among in by_group.items() if len(among) > 1}


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
