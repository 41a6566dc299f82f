"""Labels of one sample that contradict each other: a slip of units, or two different things."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from matops.core.data.record import Payload, Record
from matops.core.data.target import Target


@dataclass(frozen=True)
class Spread:
    """By which factor two labels of one sample may differ."""

    named: float  # beyond it the two are named
    refused: float  # beyond it they are set aside


WITHIN_METHOD = Spread(1.05, 1.25)
"""Of labels by one engine and method, which converges to a few percent."""
ACROSS_METHODS = Spread(1.5, 4.0)
"""Of labels by different ones: functionals differ by some ten percent and potentials by up to a
factor of two; a slip from GPa to kbar, Mbar or eV/Å³ is a factor of 10, 100 or 160."""


@dataclass(frozen=True)
class Contradiction:
    """A record whose label another record of the same sample contradicts."""

    record: Record
    is_refused: bool  # whether it is beyond the spread that is let pass
    factor: float  # between the two labels, above 1
    reason: str  # both labels, in words


def sample_key(payload: Payload) -> str:
    """What identifies a sample: two payloads are one if they are written alike."""
    return text_key(json.dumps(payload, sort_keys=True, separators=(",", ":")))


def text_key(payload: str) -> str:
    """The same of a payload as a dataset's parts have it."""
    return hashlib.sha256(payload.encode()).hexdigest()[:20]


def contradictions(
    new: Sequence[Record], stored: Iterable[Record], targets: Sequence[Target]
) -> Iterator[Contradiction]:
    """The new records that contradict a stored one or one another, each with its worst.

    Of a new and a stored record the new one is named; of two new ones both are, since nobody knows
    which is right. Positive scalars are compared, by their ratio: how near other labels should be
    depends on what they are.
    """
    compared = [t for t in targets if t.is_scalar and t.lower is not None and t.lower >= 0]
    before, beside = _by_sample(stored), _by_sample(new)
    for key, records in beside.items():
        against_stored = _each_worst(records, before.get(key, []), compared)
        refused = {item.record.id for item in against_stored.values() if item.is_refused}
        # What the stored ones speak against says nothing against the others.
        left = [record for record in records if record.id not in refused]
        for identity, item in _each_worst(left, left, compared).items():
            known = against_stored.get(identity)
            if known is None or item.factor > known.factor:
                against_stored[identity] = item
        yield from against_stored.values()


def _by_sample(records: Iterable[Record]) -> dict[str, list[Record]]:
    samples: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        samples[sample_key(record.payload)].append(record)
    return samples


def _each_worst(
    records: Sequence[Record], others: Sequence[Record], targets: Sequence[Target]
) -> dict[str, Contradiction]:
    """The worst contradiction of each record that has one, by its id."""
    rivals = [(target, _Extremes(others, target)) for target in targets]
    found = {}
    for record in records:
        against = [
            item
            for target, extremes in rivals
            for other in extremes.against(record)
            if other.id != record.id and (item := _compared(record, other, target))
        ]
        if against:
            found[record.id] = max(against, key=lambda item: (item.is_refused, item.factor))
    return found


class _Extremes:
    """The records with the lowest and the highest label of each method.

    No other can be farther from any record, so a sample with thousands of labels costs no squares.
    """

    def __init__(self, records: Sequence[Record], target: Target) -> None:
        ordered = sorted(records, key=lambda record: record.targets[target.name])
        self._highest = {_method(record): record for record in ordered}
        self._lowest = {_method(record): record for record in reversed(ordered)}
        # Of two methods' extremes one at least is of another method than a given record's.
        self._ends = [
            *sorted(self._lowest.values(), key=lambda record: record.targets[target.name])[:2],
            *sorted(self._highest.values(), key=lambda record: record.targets[target.name])[-2:],
        ]

    def against(self, record: Record) -> Iterator[Record]:
        yield from self._ends
        for extremes in (self._lowest, self._highest):
            if _method(record) in extremes:
                yield extremes[_method(record)]


def _method(record: Record) -> tuple[str, str]:
    return record.provenance.engine, record.provenance.method


def _compared(record: Record, other: Record, target: Target) -> Contradiction | None:
    own, theirs = record.targets[target.name], other.targets[target.name]
    less, more = (end + target.log_floor for end in sorted((own, theirs)))
    factor = 1.0 if more == less else more / less if less else math.inf
    is_one = _method(record) == _method(other)
    spread = WITHIN_METHOD if is_one else ACROSS_METHODS
    if factor <= spread.named:
        return None
    ways = f"both by {_way(record)}" if is_one else f"by {_way(record)} and {_way(other)}"
    reason = (
        f"labels of one sample contradict each other: {target.name} = {own:.4g} {target.unit} "
        f"here and {theirs:.4g} {target.unit} in {other.provenance.origin}, {ways}"
    )
    return Contradiction(record, factor > spread.refused, factor, reason)


def _way(record: Record) -> str:
    stated = [text for text in _method(record) if text != "unknown"]
    return ", ".join(stated) or "a method that is not stated"
