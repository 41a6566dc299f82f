"""Mechanical stability of lithium electrodeposition at an interface with a solid electrolyte."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from matops.physics.arrays import FloatArray

_PA_PER_GPA = 1e9
_J_PER_MOL_M_IN_KJ_PER_MOL_NM = 1e12


@dataclass(frozen=True)
class Electrode:
    """Constants of a metal electrode and of the perturbed interface; the defaults are lithium.

    Source: Z. Ahmad, T. Xie, C. Maheshwari, J. C. Grossman, V. Viswanathan, ACS Cent. Sci. 4,
    996 (2018), for the method and the constants of lithium.
    """

    shear_modulus_GPa: float = 3.4  # shear modulus G_e in GPa
    poisson_ratio: float = 0.42  # Poisson's ratio ν_e
    molar_volume_m3_per_mol: float = 1.3e-5  # molar volume V of the metal in m³/mol
    surface_energy_J_per_m2: float = 0.556  # surface energy γ of the interface in J/m²
    wavenumber_per_m: float = 1e8  # wavenumber k of the interface perturbation in 1/m
    charge_number: int = 1  # charge number z of the metal ion


LITHIUM = Electrode()


def stability_parameter_kJ_per_mol_nm(
    shear_modulus_GPa: ArrayLike,
    poisson_ratio: ArrayLike,
    molar_volume_ratio: ArrayLike,
    electrode: Electrode = LITHIUM,
) -> FloatArray:
    """Stability parameter χ of electrodeposition; the flat interface is stable where χ < 0.

    With e the electrode and s the solid electrolyte::

        D = G_e(ν_e − 1)(4ν_s − 3) + G_s(4ν_e − 3)(ν_s − 1)
        χ = − γ k² V (1 + v) / (2z)
            + 2 G_e G_s k V (1 + v) [ν_e(4ν_s − 3) − 3ν_s + 2] / (zD)
            + k V (1 − v) [G_e²(4ν_s − 3) + G_s²(3 − 4ν_e)] / (2zD)

    The three terms are surface tension, hydrostatic stress and deviatoric stress. The symbol v is
    a ratio of volumes and ν a Poisson's ratio: they look alike and are not.

    Args:
        shear_modulus_GPa: G_s of the electrolyte; any shape, the others are broadcast with it.
        poisson_ratio: ν_s of the electrolyte.
        molar_volume_ratio: v = V_ion / V_metal, of the metal's ion in the electrolyte and of the
            metal.
        electrode: constants of the metal.

    Source: C. Monroe, J. Newman, J. Electrochem. Soc. 152, A396 (2005); Z. Ahmad et al., ACS Cent.
    Sci. 4, 996 (2018).
    """
    G_s = np.asarray(shear_modulus_GPa, dtype=np.float64) * _PA_PER_GPA
    nu_s = np.asarray(poisson_ratio, dtype=np.float64)
    v = np.asarray(molar_volume_ratio, dtype=np.float64)
    k_V_per_z = (
        electrode.wavenumber_per_m * electrode.molar_volume_m3_per_mol / electrode.charge_number
    )
    tension = -electrode.surface_energy_J_per_m2 * electrode.wavenumber_per_m * (1 + v) / 2
    hydrostatic_Pa, deviatoric_Pa = _elastic_moduli_Pa(G_s, nu_s, electrode)
    chi = k_V_per_z * (tension + (1 + v) * hydrostatic_Pa + (1 - v) * deviatoric_Pa)
    return np.asarray(chi / _J_PER_MOL_M_IN_KJ_PER_MOL_NM)


def _elastic_moduli_Pa(
    G_s: FloatArray, nu_s: FloatArray, electrode: Electrode
) -> tuple[FloatArray, FloatArray]:
    """Coefficients, in Pa, of kV(1 + v)/z and kV(1 − v)/z in the two elastic terms of χ."""
    G_e = electrode.shear_modulus_GPa * _PA_PER_GPA
    nu_e = electrode.poisson_ratio
    D = G_e * (nu_e - 1) * (4 * nu_s - 3) + G_s * (4 * nu_e - 3) * (nu_s - 1)
    hydrostatic = 2 * G_e * G_s * (nu_e * (4 * nu_s - 3) - 3 * nu_s + 2) / D
    deviatoric = (G_e**2 * (4 * nu_s - 3) + G_s**2 * (3 - 4 * nu_e)) / (2 * D)
    return hydrostatic, deviatoric
