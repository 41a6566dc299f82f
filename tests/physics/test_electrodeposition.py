"""Stability parameter of lithium electrodeposition: reference values, limits and scaling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matops.physics.electrodeposition import (
    LITHIUM,
    stability_parameter_kJ_per_mol_nm,
)


@pytest.mark.parametrize(
    ("G_GPa", "nu", "v", "chi"),
    [
        (30.0, 0.25, 0.1, 23.7701),
        (60.0, 0.25, 0.6, 24.8451),
        (3.4, 0.42, 1.0, 2.0708),
        (1.0, 0.30, 0.1, -1.8404),
    ],
)
def test_reference_values(G_GPa: float, nu: float, v: float, chi: float) -> None:
    assert stability_parameter_kJ_per_mol_nm(G_GPa, nu, v) == pytest.approx(chi, abs=5e-5)


def test_only_surface_tension_remains_for_soft_matter() -> None:
    """With both shear moduli gone, χ = −γk²V(1 + v)/2z: surface tension alone stabilises."""
    soft = replace(LITHIUM, shear_modulus_GPa=1e-9)
    v = 0.3
    expected = -(
        soft.surface_energy_J_per_m2
        * soft.wavenumber_per_m**2
        * soft.molar_volume_m3_per_mol
        * (1 + v)
        / 2
        / 1e12
    )
    chi = stability_parameter_kJ_per_mol_nm(1e-9, 0.3, v, soft)
    assert chi == pytest.approx(expected, rel=1e-6)
    assert chi < 0


def test_shorter_wavelength_is_stabilised_by_surface_tension() -> None:
    """The elastic terms grow as k, surface tension as k²: it wins at large k."""
    short = replace(LITHIUM, wavenumber_per_m=1e12)
    assert stability_parameter_kJ_per_mol_nm(30.0, 0.25, 0.1) > 0
    assert stability_parameter_kJ_per_mol_nm(30.0, 0.25, 0.1, short) < 0


def test_charge_number_divides() -> None:
    divalent = replace(LITHIUM, charge_number=2)
    single = stability_parameter_kJ_per_mol_nm(30.0, 0.25, 0.1)
    assert stability_parameter_kJ_per_mol_nm(30.0, 0.25, 0.1, divalent) == pytest.approx(single / 2)


def test_arrays_broadcast_and_match_scalars() -> None:
    G_GPa = np.array([[1.0], [30.0], [60.0]])
    v = np.array([0.1, 0.6])
    chi = stability_parameter_kJ_per_mol_nm(G_GPa, 0.25, v)
    assert chi.shape == (3, 2)
    assert chi[1, 0] == pytest.approx(stability_parameter_kJ_per_mol_nm(30.0, 0.25, 0.1))
