"""Elastic moduli: isotropic limits, bounds, rotational invariants and stability."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from matops.physics.elasticity import (
    cubic_stiffness_tensor,
    is_mechanically_stable,
    poisson_ratio,
    pugh_ratio,
    stiffness_eigenvalues_GPa,
    strain_tensor,
    voigt_reuss_hill,
    voigt_stress_GPa,
    young_modulus_GPa,
)
from tests.support.oracles import rotate_stiffness

FloatArray = NDArray[np.float64]


def cubic_stiffness_GPa(C11: float, C12: float, C44: float) -> FloatArray:
    stiffness = np.zeros((6, 6))
    stiffness[:3, :3] = C12
    np.fill_diagonal(stiffness, [C11] * 3 + [C44] * 3)
    return stiffness


def isotropic_stiffness_GPa(K: float, G: float) -> FloatArray:
    return cubic_stiffness_GPa(K + 4 * G / 3, K - 2 * G / 3, G)


def random_stiffness_GPa(seed: int) -> FloatArray:
    factor = np.random.default_rng(seed).normal(size=(6, 6))
    return 20 * factor @ factor.T + 30 * np.eye(6)


def test_isotropic_solid_gives_its_moduli_back() -> None:
    moduli = voigt_reuss_hill(isotropic_stiffness_GPa(160.0, 48.0))
    for K in (moduli.K_voigt_GPa, moduli.K_reuss_GPa, moduli.K_VRH_GPa):
        assert pytest.approx(160.0) == K
    for G in (moduli.G_voigt_GPa, moduli.G_reuss_GPa, moduli.G_VRH_GPa):
        assert pytest.approx(48.0) == G


def test_isotropic_solid_looks_the_same_from_every_side() -> None:
    stiffness = isotropic_stiffness_GPa(160.0, 48.0)
    for rotation in Rotation.random(5, rng=np.random.default_rng(0)):
        assert rotate_stiffness(stiffness, rotation.as_matrix()) == pytest.approx(stiffness)


def test_copper_matches_hill_average() -> None:
    """Copper: C11, C12, C44 = 168.4, 121.4, 75.4 GPa give G_V 54.6, G_R 40.0, K 137.1 GPa."""
    moduli = voigt_reuss_hill(cubic_stiffness_GPa(168.4, 121.4, 75.4))
    assert moduli.K_VRH_GPa == pytest.approx((168.4 + 2 * 121.4) / 3)
    assert moduli.G_voigt_GPa == pytest.approx((168.4 - 121.4 + 3 * 75.4) / 5)
    assert moduli.G_reuss_GPa == pytest.approx(5 / (4 / (168.4 - 121.4) + 3 / 75.4))


@pytest.mark.parametrize("seed", range(5))
def test_bounds_and_invariants_of_a_triclinic_crystal(seed: int) -> None:
    stiffness = random_stiffness_GPa(seed)
    moduli = voigt_reuss_hill(stiffness)
    assert moduli.K_reuss_GPa <= moduli.K_VRH_GPa <= moduli.K_voigt_GPa
    assert moduli.G_reuss_GPa <= moduli.G_VRH_GPa <= moduli.G_voigt_GPa
    rotation = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    turned = rotate_stiffness(stiffness, rotation)
    assert np.array(list(vars(voigt_reuss_hill(turned)).values())) == pytest.approx(
        np.array(list(vars(moduli).values()))
    )
    assert stiffness_eigenvalues_GPa(turned) == pytest.approx(stiffness_eigenvalues_GPa(stiffness))


def test_rotation_agrees_with_rotated_stress_and_strain() -> None:
    """Hooke's law must hold in the new axes: fixes the Voigt order and the shear factors."""
    stiffness = random_stiffness_GPa(7)
    rotation = Rotation.random(rng=np.random.default_rng(7)).as_matrix()
    strain_voigt = np.array([0.01, -0.02, 0.005, 0.03, -0.01, 0.02])
    stress = strain_tensor(stiffness @ strain_voigt * [1, 1, 1, 2, 2, 2])
    turned_strain = rotation @ strain_tensor(strain_voigt) @ rotation.T
    turned_voigt = voigt_stress_GPa(turned_strain) * [1, 1, 1, 2, 2, 2]
    turned_stress = voigt_stress_GPa(rotation @ stress @ rotation.T)
    assert rotate_stiffness(stiffness, rotation) @ turned_voigt == pytest.approx(turned_stress)


def test_cubic_crystal_keeps_its_tensor_under_quarter_turn() -> None:
    stiffness = cubic_stiffness_GPa(183.2, 158.8, 44.7)
    quarter_turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert rotate_stiffness(stiffness, quarter_turn) == pytest.approx(stiffness)


def test_isotropic_relations() -> None:
    K, G = 160.0, 48.0
    assert young_modulus_GPa(K, G) == pytest.approx(2 * G * (1 + poisson_ratio(K, G)))
    assert poisson_ratio(1.0, 1e-12) == pytest.approx(0.5)
    assert poisson_ratio(1e-12, 1.0) == pytest.approx(-1.0)
    assert pugh_ratio(K, G) == pytest.approx(K / G)


def test_mechanical_stability_follows_the_cubic_born_criteria() -> None:
    assert is_mechanically_stable(cubic_stiffness_GPa(183.2, 158.8, 44.7))
    assert not is_mechanically_stable(cubic_stiffness_GPa(150.0, 158.8, 44.7))
    assert not is_mechanically_stable(cubic_stiffness_GPa(183.2, 158.8, -1.0))
    assert not is_mechanically_stable(cubic_stiffness_GPa(183.2, 158.8, 44.7), threshold_GPa=25.0)


def test_eigenvalues_of_an_isotropic_solid() -> None:
    eigenvalues = stiffness_eigenvalues_GPa(isotropic_stiffness_GPa(160.0, 48.0))
    assert eigenvalues == pytest.approx([96.0] * 5 + [480.0])


def test_malformed_stiffness_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        voigt_reuss_hill(np.eye(3))
    lopsided = np.eye(6)
    lopsided[0, 1] = 0.5
    with pytest.raises(ValueError, match="symmetric"):
        voigt_reuss_hill(lopsided)


def test_cubic_tensor_has_the_three_constants_where_they_belong() -> None:
    tensor = cubic_stiffness_tensor(168.0, 121.0, 75.0)
    assert (tensor[0, 0, 0, 0], tensor[1, 1, 2, 2], tensor[0, 1, 1, 0]) == (168.0, 121.0, 75.0)
    assert tensor[0, 0, 0, 1] == tensor[0, 1, 1, 2] == 0.0
    assert tensor == pytest.approx(tensor.transpose(2, 3, 0, 1))
