"""The scaling of targets: standard, or the line through what a start answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from matops.core.data.tables import label_tables
from matops.core.data.target import Target
from matops.core.learning.features import Batch, PackedFeatures
from matops.core.learning.scaling import Scaling, adopt, scaling_for, standardise
from matops.core.learning.transfer import Ancestor, Start
from tests.support.tables import scalars
from tests.support.trapped_atoms import TARGETS, trapped_records

ORIGIN = (Ancestor("v", "d", "whole", False),)


def stiffnesses(*quantities: str) -> tuple[Target, ...]:
    return tuple(
        Target(f"C{i}", "GPa", "a stiffness", quantity=q) for i, q in enumerate(quantities)
    )


class Line(nn.Module):
    """Answers a multiple of its input for each of two targets."""

    stages = ("body", "output")

    def __init__(self, width: int = 1) -> None:
        super().__init__()
        self.body = nn.Linear(1, width, bias=False)
        self.output = nn.Linear(width, 2, bias=False)

    def forward(self, batch: Batch) -> Tensor:
        answer: Tensor = self.output(self.body(batch["sample.x"]))
        return answer


def start(*slopes: float) -> Start:
    states = [
        {"body.weight": torch.ones(1, 1), "output.weight": torch.tensor([[s], [2 * s]])}
        for s in slopes
    ]
    return Start(tuple(states), ORIGIN)


def inputs(n: int) -> tuple[PackedFeatures, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(n, 1))
    return PackedFeatures({"sample.x": torch.from_numpy(x).float()}), x


def test_standardised_targets_have_zero_mean_and_unit_deviation_and_can_be_undone() -> None:
    values = np.random.default_rng(0).normal([2.0, -5.0], [0.1, 7.0], (300, 2))
    scaling = standardise(scalars(values, stiffnesses("", "")))
    standard = scaling.standard(scalars(values))
    torch.testing.assert_close(standard.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(standard.std(0), torch.ones(2), atol=1e-5, rtol=0)
    undone = (standard * scaling.scale + scaling.centre).numpy()
    np.testing.assert_allclose(undone, values, rtol=1e-4, atol=1e-5)


def test_constant_target_is_standardised_to_zero_not_to_nan() -> None:
    values = np.full((5, 1), 2.5)
    standard = standardise(scalars(values, stiffnesses(""))).standard(scalars(values))
    assert torch.equal(standard, torch.zeros(5, 1))


def test_directions_of_one_quantity_are_scaled_alike() -> None:
    values = np.random.default_rng(0).normal([1.0, 2.0, 5.0], [1.0, 2.0, 3.0], (50, 3))
    found = standardise(scalars(values, stiffnesses("C", "C", "")))
    assert (found.centre[0], found.scale[0]) == (found.centre[1], found.scale[1])
    assert float(found.centre[0]) == pytest.approx(values[:, :2].mean(), rel=1e-5)
    assert float(found.scale[0]) == pytest.approx(values[:, :2].std(ddof=1), rel=1e-5)
    assert float(found.centre[2]) == pytest.approx(values[:, 2].mean(), rel=1e-5)
    apart = standardise(scalars(values, stiffnesses("", "", "")))
    assert float(apart.centre[0]) != pytest.approx(float(apart.centre[1]))


def test_answers_of_a_start_become_right_where_a_line_makes_them_so() -> None:
    answers = np.random.default_rng(1).normal(size=(40, 2))
    scaled = answers * [0.2, 3.0] + [7.0, -1.0]
    found = adopt(scalars(answers), scalars(scaled, stiffnesses("", "")))
    np.testing.assert_allclose(found.centre, [7.0, -1.0], rtol=1e-5)
    np.testing.assert_allclose(found.scale, [0.2, 3.0], rtol=1e-5)
    np.testing.assert_allclose(found.standard(scalars(scaled)), answers, atol=1e-5)


def test_one_quantity_has_one_line() -> None:
    answers = np.random.default_rng(1).normal(size=(40, 2))
    found = adopt(scalars(answers), scalars(answers * [0.5, 1.5], stiffnesses("C", "C")))
    assert found.scale[0] == found.scale[1]
    assert 0.5 < float(found.scale[0]) < 1.5


@pytest.mark.parametrize("kind", ["noise", "opposite", "constant"])
def test_answers_that_say_nothing_of_the_targets_are_not_adopted(kind: str) -> None:
    rng = np.random.default_rng(2)
    scaled = rng.normal(3.0, 2.0, (60, 1))
    answers = {"noise": rng.normal(size=(60, 1)), "opposite": -scaled, "constant": 0 * scaled}[kind]
    found, plain = (
        adopt(scalars(answers), scalars(scaled, stiffnesses(""))),
        standardise(scalars(scaled, stiffnesses(""))),
    )
    assert torch.equal(found.centre, plain.centre)
    assert torch.equal(found.scale, plain.scale)


@pytest.mark.parametrize("n", [20, 2000])
def test_line_goes_through_the_mean_of_all_members_of_a_start(n: int) -> None:
    features, x = inputs(n)
    scaled = np.concatenate([6.0 * x + 1.0, 6.0 * x], axis=1)
    found = scaling_for(Line, features, scalars(scaled, stiffnesses("", "")), start(1.0, 3.0))
    np.testing.assert_allclose(found.scale, [3.0, 1.5], rtol=1e-5)
    np.testing.assert_allclose(found.centre, [1.0, 0.0], atol=1e-5)


def test_without_a_start_or_with_a_new_head_targets_are_standardised() -> None:
    features, x = inputs(30)
    scaled, targets = np.concatenate([2 * x, 5 * x], axis=1), stiffnesses("", "")
    plain = standardise(scalars(scaled, targets))
    [weights] = start(1.0).weights
    other_head = Start(({**weights, "output.weight": torch.ones(5, 1)},), ORIGIN)
    for origin in (None, other_head):
        found = scaling_for(Line, features, scalars(scaled, targets), origin)
        assert torch.equal(found.scale, plain.scale)


def test_scaling_is_undone_by_what_an_ensemble_does() -> None:
    scaling = Scaling(torch.tensor([2.0]), torch.tensor([4.0]))
    assert scaling.standard(scalars([[2.0], [6.0]])).tolist() == [[0.0], [1.0]]


def test_vectors_are_scaled_about_zero_and_alike_in_all_directions() -> None:
    records = trapped_records(40)
    scaling = standardise(label_tables(TARGETS, records))
    energy, dipole, forces = scaling.scale[:1], scaling.scale[1:4], scaling.scale[4:]
    assert torch.equal(scaling.centre[1:], torch.zeros(6))
    vectors = np.array([record.targets["dipole"] for record in records])
    np.testing.assert_allclose(dipole, np.sqrt((vectors**2).mean()), rtol=1e-6)
    # One quantity has one scale, so that forces stay the derivative of the energy.
    assert torch.equal(forces, energy.repeat(3))
    energies = np.array([record.targets["energy"] for record in records])
    assert float(scaling.centre[0]) == pytest.approx(energies.mean(), rel=1e-6)


def test_standard_targets_have_the_form_of_a_networks_answer() -> None:
    labels = label_tables(TARGETS, trapped_records(3))
    standard = standardise(labels).standard(labels)
    assert isinstance(standard, dict)
    assert {axis: tuple(table.shape) for axis, table in standard.items()} == {
        "sample": (3, 4),
        "atom": (1 + 2 + 3, 3),
    }


def test_absolute_targets_are_answered_on_the_learning_scale_itself_with_a_start_or_without() -> (
    None
):
    absolute = Target("D", "1", "", lower=0.0, upper=1.0, absolute=True)
    rng = np.random.default_rng(0)
    truth = scalars(rng.normal(3.0, 2.0, (40, 1)), (absolute,))
    line = scalars(2.0 * truth["sample"] + 1.0, (absolute,))
    for scaling in (standardise(truth), adopt(line, truth)):
        assert torch.equal(scaling.centre, torch.zeros(1))
        assert torch.equal(scaling.scale, torch.ones(1))
