"""Dendrites: predicted moduli and their intervals carried through to χ."""

import pytest

from matops.core.quality.prediction import Estimate
from matops.families.elastic_cgcnn.crystals.electrolytes import electrodeposition_stability


def moduli(G_GPa: float, nu: float, spread: float = 1.0) -> dict[str, Estimate]:
    """Estimates with a given shear modulus and Poisson's ratio."""
    K_GPa = 2 * G_GPa * (1 + nu) / (3 * (1 - 2 * nu))
    return {
        name: Estimate(value, "GPa", value / spread, value * spread)
        for name, value in {"K_VRH": K_GPa, "G_VRH": G_GPa}.items()
    }


@pytest.mark.parametrize(
    ("G_GPa", "nu", "v", "chi"),
    [(30, 0.25, 0.1, 23.7701), (3.4, 0.42, 1.0, 2.0708), (1, 0.30, 0.1, -1.8404)],
)
def test_published_check_values(G_GPa: float, nu: float, v: float, chi: float) -> None:
    found = electrodeposition_stability(moduli(G_GPa, nu), v)
    assert found.chi_kJ_per_mol_nm == pytest.approx(chi, abs=1e-3)


def test_a_soft_solid_with_small_ions_is_stable_and_a_stiff_one_is_not() -> None:
    assert electrodeposition_stability(moduli(1.0, 0.3), 0.1).suppresses_dendrites
    assert not electrodeposition_stability(moduli(30.0, 0.25), 0.1).suppresses_dendrites


def test_an_interval_that_reaches_instability_is_no_promise() -> None:
    certain = electrodeposition_stability(moduli(1.0, 0.3, spread=1.05), 0.1)
    doubtful = electrodeposition_stability(moduli(1.0, 0.3, spread=4.0), 0.1)
    assert certain.suppresses_dendrites
    assert doubtful.chi_kJ_per_mol_nm < 0
    assert not doubtful.suppresses_dendrites


def test_wider_intervals_give_wider_bounds() -> None:
    narrow = electrodeposition_stability(moduli(10.0, 0.3, spread=1.1), 0.5)
    wide = electrodeposition_stability(moduli(10.0, 0.3, spread=1.5), 0.5)
    assert wide.lower_kJ_per_mol_nm < narrow.lower_kJ_per_mol_nm < narrow.chi_kJ_per_mol_nm
    assert narrow.chi_kJ_per_mol_nm < narrow.upper_kJ_per_mol_nm < wide.upper_kJ_per_mol_nm
