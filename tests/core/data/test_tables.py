"""Tables of targets: which numbers are whose, by sample and by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matops.core.data.record import Provenance, Record
from matops.core.data.tables import Tables, check_rows, label_tables
from matops.core.data.target import Target
from matops.core.errors import BadInput
from tests.support.trapped_atoms import DIPOLE, ENERGY, FORCES, TARGETS

STRESS = Target("stress", "GPa", "", shape=(3, 3))
CHARGES = Target("charges", "e", "", axis="atom")


def record(name: str = "r", **targets: Any) -> Record:
    return Record(name, "g", {}, targets, Provenance("", f"file {name}"))


@pytest.fixture
def labels() -> Tables:
    """One sample of two atoms, and one of one."""
    first = record("a", energy=1.0, dipole=[1.0, 2.0, 3.0], forces=[[1.0, 0.0, 0.0], [2.0, 0, 0]])
    second = record("b", energy=5.0, dipole=[4.0, 5.0, 6.0], forces=[[3.0, 0.0, 9.0]])
    return label_tables(TARGETS, [first, second])


def test_each_axis_has_a_table_with_the_components_side_by_side(labels: Tables) -> None:
    np.testing.assert_array_equal(labels["sample"], [[1, 1, 2, 3], [5, 4, 5, 6]])
    np.testing.assert_array_equal(labels["atom"], [[1, 0, 0], [2, 0, 0], [3, 0, 9]])
    np.testing.assert_array_equal(labels.counts["atom"], [2, 1])
    assert len(labels) == 2


def test_numbers_of_a_target_know_their_sample(labels: Tables) -> None:
    np.testing.assert_array_equal(labels.numbers(DIPOLE), [1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(labels.sample_of(ENERGY), [0, 1])
    np.testing.assert_array_equal(labels.sample_of(DIPOLE), [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(labels.sample_of(FORCES), [0] * 6 + [1] * 3)


def test_samples_keep_their_rows_in_any_order(labels: Tables) -> None:
    turned = labels.take(np.array([1, 0, 1]))
    assert turned.values(FORCES) == [[[3, 0, 9]], [[1, 0, 0], [2, 0, 0]], [[3, 0, 9]]]
    assert turned.values(ENERGY) == [5, 1, 5]


def test_values_have_the_targets_shape() -> None:
    targets = (STRESS, CHARGES)
    tables = Tables(
        targets,
        {"sample": np.arange(18.0).reshape(2, 9), "atom": np.ones((3, 1))},
        {"atom": np.array([1, 2])},
    )
    assert tables.values(STRESS)[1] == [[9, 10, 11], [12, 13, 14], [15, 16, 17]]
    assert tables.values(CHARGES) == [[1], [1, 1]]
    assert STRESS.components[1] == "xy"
    assert (STRESS.form, CHARGES.form, ENERGY.form) == ("3 × 3", "atoms", "")


def test_numbers_go_to_their_own_scale_and_back() -> None:
    rates = Target("rates", "1/s", "", "log10", lower=0.0, axis="atom", shape=(2,))
    numbers = {"sample": np.array([[10.0]]), "atom": np.array([[1.0, 100.0]])}
    tables = Tables(
        (ENERGY, rates),
        numbers,
        {"atom": np.array([1])},
    )
    scaled = tables.to_scale()
    assert scaled["sample"].tolist() == [[10.0]]
    assert scaled["atom"].tolist() == [[0.0, 2.0]]
    assert scaled.from_scale()["atom"].tolist() == [[1.0, 100.0]]


@pytest.mark.parametrize(("atoms", "is_right"), [(1, False), (2, True), (3, False)])
def test_a_label_has_as_many_rows_as_its_sample(atoms: int, is_right: bool) -> None:
    labelled = record("a", energy=0.0, dipole=[0.0] * 3, forces=[[0.0] * 3] * 2)
    if is_right:
        check_rows(TARGETS, [labelled], {"atom": [atoms]})
    else:
        with pytest.raises(
            BadInput, match=f"^file a: forces has 2 rows, .* has {atoms} on .*'atom'"
        ):
            check_rows(TARGETS, [labelled], {"atom": [atoms]})


@pytest.mark.parametrize("shape", [(0,), (3, 3, 3)])
def test_a_target_has_no_other_shape_than_a_vectors_or_a_matrix(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="x: no vector or matrix"):
        Target("x", "1", "", shape=shape)
