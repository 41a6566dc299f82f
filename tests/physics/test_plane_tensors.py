"""Polar invariants: of isotropic tensors, under turns, and of the tensors they were made from."""

import numpy as np
import pytest

from matops.physics.plane_tensors import plane_strain, polar_invariants, stretch_of

RNG = np.random.default_rng(0)
SECOND = RNG.normal(size=(2, 2))
SECOND = SECOND + SECOND.T
FOURTH = RNG.normal(size=(3, 3))
FOURTH = FOURTH + FOURTH.T


def turned(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Both tensors in axes turned by an angle."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    voigt = np.array([[0, 2], [2, 1]])
    full = np.einsum("ia,jb,kc,ld,abcd", *[turn] * 4, FOURTH[voigt[:, :, None, None], voigt])
    pairs = ([0, 1, 0], [0, 1, 1])
    return turn @ SECOND @ turn.T, full[pairs][:, *pairs]


def test_isotropic_tensors_have_only_isotropic_parts() -> None:
    shear, dilation = 0.7, 2.0
    fourth = np.array(
        [
            [dilation + shear, dilation - shear, 0.0],
            [dilation - shear, dilation + shear, 0.0],
            [0.0, 0.0, shear],
        ]
    )
    polar = polar_invariants(1.5 * np.eye(2), fourth)
    assert pytest.approx((1.5, 0.0, 0.0, 0.0)) == (polar.T, polar.R, polar.R0, polar.R1)
    assert pytest.approx(shear) == polar.T0
    assert pytest.approx(dilation / 2) == polar.T1


@pytest.mark.parametrize("angle", [0.3, 1.1, np.pi / 2, 2.5])
def test_invariants_do_not_depend_on_the_axes(angle: float) -> None:
    before, after = polar_invariants(SECOND, FOURTH), polar_invariants(*turned(angle))
    for name, value in vars(before).items():
        assert getattr(after, name) == pytest.approx(value), name


def test_deviator_is_half_the_difference_of_the_principal_values() -> None:
    low, high = np.linalg.eigvalsh(SECOND)
    polar = polar_invariants(SECOND, FOURTH)
    assert pytest.approx((low, high)) == (polar.T - polar.R, polar.T + polar.R)


def test_stretch_has_the_strain_it_was_made_of() -> None:
    strain = plane_strain([0.02, -0.01, 0.03])
    stretch = stretch_of(strain)
    assert (stretch @ stretch - np.eye(2)) / 2 == pytest.approx(strain)
    assert stretch == pytest.approx(stretch.T)


def test_tensors_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="plane"):
        polar_invariants(np.eye(3), FOURTH)
