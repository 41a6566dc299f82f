"""Records: what makes two of them the same, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matops.core.data.record import Provenance, Record, make_record
from matops.core.data.target import Target
from matops.core.errors import BadInput

TARGETS = (
    Target("K", "GPa", "bulk modulus", "log10", lower=0.0, upper=1000.0),
    Target("G", "GPa", "shear modulus", "log10", lower=0.0, upper=1000.0),
)
PAYLOAD = {"crystal": {"species": ["Cu"], "a_A": 3.6}}
ORIGIN = Provenance("simulation", "run 7", "LAMMPS", "EAM", "2026-01-02", "CC BY 4.0")


def make(
    payload: dict[str, Any] = PAYLOAD, k: Any = 140.0, g: Any = 48.0, said: Provenance = ORIGIN
) -> Record:
    return make_record("Cu", payload, {"K": k, "G": g}, TARGETS, said)


@pytest.mark.parametrize(
    "changes", [{"date": "2031-12-31"}, {"origin": "elsewhere.json"}, {"licence": "CC0"}]
)
def test_the_same_calculation_read_again_is_the_same_record(changes: dict[str, str]) -> None:
    assert make(said=replace(ORIGIN, **changes)).id == make().id


def test_order_of_keys_in_payload_and_labels_does_not_matter() -> None:
    payload = {"crystal": {"a_A": 3.6, "species": ["Cu"]}}
    values = {"G": 48.0, "K": 140.0}
    assert make_record("Cu", payload, values, TARGETS, ORIGIN).id == make().id


@pytest.mark.parametrize(
    "other",
    [
        {"k": 140.0000001},
        {"g": 47.0},
        {"payload": {"crystal": {"species": ["Cu"], "a_A": 3.61}}},
        {"said": replace(ORIGIN, engine="VASP")},
        {"said": replace(ORIGIN, method="PBE")},
    ],
)
def test_another_sample_label_engine_or_method_is_another_record(other: dict[str, Any]) -> None:
    assert make(**other).id != make().id


def test_swapped_labels_are_another_record() -> None:
    assert make(k=48.0, g=140.0).id != make().id


def test_whole_numbers_and_numbers_as_text_are_the_same_label() -> None:
    assert make(k=140).id == make(k="140").id == make().id


def test_values_that_are_no_targets_are_dropped_and_do_not_count() -> None:
    values = {"K": 140.0, "G": 48.0, "colour": 7.0}
    record = make_record("Cu", PAYLOAD, values, TARGETS, ORIGIN)
    assert record.targets == {"K": 140.0, "G": 48.0}
    assert record.id == make().id


@pytest.mark.parametrize("bad", [0.0, -3.0, 1000.0, float("nan"), float("inf")])
def test_unphysical_label_is_refused_with_origin_value_and_bounds(bad: float) -> None:
    with pytest.raises(BadInput, match=r"run 7: G = .* GPa is not physical.* 0\.0 and 1000\.0 GPa"):
        make(g=bad)


@pytest.mark.parametrize("missing", ["K", "G"])
def test_missing_label_is_refused_by_name(missing: str) -> None:
    values = {"K": 140.0, "G": 48.0}
    del values[missing]
    with pytest.raises(BadInput, match=f"^run 7: no value for {missing}$"):
        make_record("Cu", PAYLOAD, values, TARGETS, ORIGIN)


@pytest.mark.parametrize("k", [999.9, 0.001])
def test_labels_just_inside_the_bounds_are_kept_as_they_are(k: float) -> None:
    assert make(k=k).targets["K"] == k


FORCES = Target("forces", "eV/A", "", "identity", -9.0, 9.0, axis="atom", shape=(3,))
STRESS = Target("stress", "GPa", "", shape=(3, 3))


@pytest.mark.parametrize(
    ("target", "value", "reason"),
    [
        (FORCES, [[0.0, 0.0, 1.0], [0.0, 0.0, 8.9]], ""),
        (FORCES, [[0.0, 0.0, 1.0], [0.0, 0.0, 9.0]], "forces = 9 eV/A is not physical"),
        (FORCES, [[0.0, 0.0, 1.0], [0.0, 0.0, float("nan")]], "forces = nan eV/A"),
        (FORCES, [[0.0, 0.0, 1.0]], "forces has 1 rows, but the sample has 2 atoms"),
        (FORCES, [[0.0, 0.0]] * 2, "forces is 2 × 2, not atoms × 3"),
        (FORCES, [0.0, 0.0, 1.0], "forces is 3, not atoms × 3"),
        (FORCES, [[0.0] * 3, [0.0]], "forces is not made of numbers, or of rows of different"),
        (FORCES, "nothing", "forces is not made of numbers"),
        (STRESS, np.eye(3), ""),
        (STRESS, np.eye(2), "stress is 2 × 2, not 3 × 3"),
        (STRESS, 1.0, "stress is a number, not 3 × 3"),
    ],
)
def test_an_array_is_kept_only_in_its_targets_shape(
    target: Target, value: Any, reason: str
) -> None:
    def make() -> Record:
        stated = Provenance("manifest", "run 7")
        return make_record("g", {}, {target.name: value}, (target,), stated, {"atom": 2})

    if reason:
        with pytest.raises(BadInput, match=f"^run 7: {reason}"):
            make()
    else:
        assert make().targets[target.name] == np.asarray(value).tolist()
        assert make().id == make().id


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"crystal": {"name": "half \ud800 a character"}}, ORIGIN),
        (PAYLOAD, replace(ORIGIN, origin="half \udcff.json")),
        (PAYLOAD, replace(ORIGIN, licence="\udfff")),
    ],
)
def test_text_that_cannot_be_written_is_refused(payload: dict[str, Any], said: Provenance) -> None:
    with pytest.raises(BadInput, match="not Unicode"):
        make(payload, said=said)


def test_text_in_any_script_is_kept() -> None:
    assert make({"name": "Kupfer ö 銅 𐍈"}, said=replace(ORIGIN, origin="銅𐍈.json")).payload["name"]
