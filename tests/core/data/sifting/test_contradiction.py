"""Labels of one sample: how far apart they may lie, within a method and across methods."""

import pytest

from matops.core.data.record import Provenance, Record
from matops.core.data.sifting.contradiction import (
    Contradiction,
    contradictions,
    sample_key,
    text_key,
)
from matops.core.data.target import Target

K = Target("K", "GPa", "bulk modulus", "log10", 0.0)
ENERGY = Target("E", "eV", "may be zero, of either sign")


def record(value: float, method: str = "PBE", sample: str = "Cu", energy: float = 0.0) -> Record:
    name = f"{sample} {method} {value:g}"
    provenance = Provenance("json", name, "VASP", method)
    return Record(name, sample, {"crystal": sample}, {"K": value, "E": energy}, provenance)


def found(new: list[Record], stored: list[Record] | None = None) -> dict[str, Contradiction]:
    return {c.record.id: c for c in contradictions(new, stored or [], (K, ENERGY))}


@pytest.mark.parametrize(
    ("other", "method", "named", "refused"),
    [
        (151 * 1.04, "PBE", False, False),
        (151 * 1.06, "PBE", True, False),
        (151 / 1.24, "PBE", True, False),
        (151 * 1.26, "PBE", True, True),
        (1.51, "PBE", True, True),
        (151 * 1.4, "LDA", False, False),
        (151 * 2.0, "LDA", True, False),
        (15.1, "LDA", True, True),
    ],
)
def test_the_spread_within_a_method_is_narrower_than_across(
    other: float, method: str, named: bool, refused: bool
) -> None:
    pair = [record(151.0), record(other, method)]
    assert [item.is_refused for item in found(pair).values()] == [refused] * 2 * named
    against = found(pair[1:], pair[:1])
    assert list(against) == [pair[1].id] * named


def test_other_samples_and_targets_that_may_be_zero_are_not_compared() -> None:
    assert not found([record(151.0, energy=-1.0), record(151.0, "LDA", energy=2.0)])
    assert not found([record(151.0), record(1.51, sample="Au")])


def test_what_the_stored_contradict_says_nothing_against_the_others() -> None:
    slip = record(1.51)
    assert list(found([slip, record(152.0)], [record(151.0)])) == [slip.id]


def test_the_worst_is_named_among_many_of_a_sample() -> None:
    many = [record(100.0 + n / 10_000) for n in range(5000)]
    slip, other = record(1.0), record(100.0, "LDA")
    named = found([*many, slip, other])
    assert named[slip.id].factor == pytest.approx(100.4999)
    assert named[other.id].reason.endswith("by VASP, LDA and VASP, PBE")
    assert all(item.is_refused for item in named.values())


def test_a_sample_is_its_payload_however_its_keys_are_ordered() -> None:
    assert sample_key({"b": 1, "a": [2]}) == sample_key({"a": [2], "b": 1})
    assert sample_key({"a": [2], "b": 1}) == text_key('{"a":[2],"b":1}')


def test_zero_contradicts_what_is_not_zero_and_agrees_with_itself() -> None:
    spans = Target("D", "1", "", "log10", 0.0, 1.0, closed=True, log_floor=1e-6)

    def labelled(value: float, origin: str) -> Record:
        return Record(origin, "g", {"image": 1}, {"D": value}, Provenance("json", origin, "a", "b"))

    zero, again, flows = labelled(0.0, "one"), labelled(0.0, "two"), labelled(0.1, "three")
    assert not list(contradictions([zero], [again], (spans,)))
    [item] = contradictions([zero], [flows], (spans,))
    assert item.is_refused
    no_floor = Target("D", "1", "", lower=0.0, closed=True)
    [item] = contradictions([zero], [flows], (no_floor,))
    assert item.is_refused
