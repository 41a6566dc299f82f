"""Bond orders: the values of close-packed and cubic shells, and what symmetry demands."""

from itertools import permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from matops.physics.bond_order import bond_order

FloatArray = NDArray[np.float64]


def unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def simple_cubic() -> FloatArray:
    return np.concatenate([np.eye(3), -np.eye(3)])


def bcc() -> FloatArray:
    return unit(np.array(list(product((-1.0, 1.0), repeat=3))))


def fcc() -> FloatArray:
    signs = product((-1.0, 1.0), repeat=2)
    rows = {row for a, b in signs for row in permutations((a, b, 0.0))}
    return unit(np.array(sorted(rows)))


def hcp() -> FloatArray:
    """Six neighbours in the plane, and the same three above and below: no inversion centre."""
    plane = [[np.cos(k * np.pi / 3), np.sin(k * np.pi / 3), 0.0] for k in range(6)]
    lower = [np.pi / 6 + k * 2 * np.pi / 3 for k in range(3)]
    caps = [
        [np.cos(t) / np.sqrt(3), np.sin(t) / np.sqrt(3), s * np.sqrt(2 / 3)]
        for t in lower
        for s in (-1, 1)
    ]
    return np.array(plane + caps)


def orders(
    directions: FloatArray, weights: FloatArray | None = None, degree: int = 8
) -> FloatArray:
    """Q_1 to Q_degree of one shell."""
    weights = np.ones(len(directions)) if weights is None else weights
    shares = (weights / weights.sum())[None, None]
    return bond_order(directions[None], shares, degree)[0, 0]


@pytest.mark.parametrize(
    ("shell", "Q4", "Q6"),
    [
        (fcc(), 0.19094, 0.57452),
        (hcp(), 0.09722, 0.48476),
        (simple_cubic(), 0.76376, 0.35355),
        (bcc(), 0.50918, 0.62854),
    ],
    ids=["fcc", "hcp", "sc", "bcc"],
)
def test_shells_have_the_values_of_steinhardt(shell: FloatArray, Q4: float, Q6: float) -> None:
    found = orders(shell)
    assert found[3] == pytest.approx(Q4, abs=1e-5)
    assert found[5] == pytest.approx(Q6, abs=1e-5)


@pytest.mark.parametrize("shell", [fcc(), simple_cubic(), bcc()], ids=["fcc", "sc", "bcc"])
def test_odd_orders_vanish_for_a_shell_with_inversion_symmetry(shell: FloatArray) -> None:
    assert orders(shell)[0::2] == pytest.approx(0.0, abs=1e-7)


def test_odd_order_tells_hcp_from_fcc() -> None:
    assert orders(hcp())[2] > 0.05
    assert orders(hcp())[0] == pytest.approx(0.0, abs=1e-7)


def test_single_neighbour_has_full_order_of_every_degree() -> None:
    assert orders(unit(np.array([[1.0, -2.0, 0.5]]))) == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(4))
def test_turning_a_random_shell_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shell, weights = unit(rng.normal(size=(9, 3))), rng.random(9)
    turn = Rotation.random(random_state=rng).as_matrix()
    assert orders(shell @ turn.T, weights) == pytest.approx(orders(shell, weights), abs=1e-9)
    swapped = rng.permutation(9)
    assert orders(shell[swapped], weights[swapped]) == pytest.approx(orders(shell, weights))


def test_addition_theorem_agrees_with_spherical_harmonics() -> None:
    """Steinhardt's own form, for l = 1: the three components of the mean direction."""
    rng = np.random.default_rng(1)
    shell, weights = unit(rng.normal(size=(7, 3))), rng.random(7)
    mean = weights @ shell / weights.sum()
    assert orders(shell, weights)[0] == pytest.approx(np.linalg.norm(mean))
    dyad = np.einsum("j,ja,jb->ab", weights / weights.sum(), shell, shell) - np.eye(3) / 3
    assert orders(shell, weights)[1] == pytest.approx(np.sqrt(1.5 * (dyad**2).sum()))


def test_neighbour_without_weight_does_not_count() -> None:
    shell = np.concatenate([fcc(), unit(np.array([[0.3, 0.1, 1.0]]))])
    weights = np.array([1.0] * 12 + [0.0])
    assert orders(shell, weights) == pytest.approx(orders(fcc()), abs=1e-7)


def test_several_weightings_and_atoms_are_independent() -> None:
    rng = np.random.default_rng(2)
    shells = np.stack([unit(rng.normal(size=(5, 3))) for _ in range(3)])
    weights = rng.random((3, 2, 5))
    shares = weights / weights.sum(axis=2, keepdims=True)
    together = bond_order(shells, shares, 6)
    assert together.shape == (3, 2, 6)
    for atom, weighting in product(range(3), range(2)):
        alone = orders(shells[atom], weights[atom, weighting], 6)
        assert together[atom, weighting] == pytest.approx(alone)
    assert ((together >= 0) & (together <= 1 + 1e-12)).all()
