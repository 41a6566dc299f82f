"""Diffusivity of a two-phase medium, relative to the conducting phase: bounds and approximations.

The other phase doesn't conduct. All are dimensionless; ``dimension`` is 2 or 3.
"""

import numpy as np

from matops.physics.arrays import BoolArray, FloatArray

RAYLEIGH_COEFFICIENT = 0.305828
"""Of the fourth power of the fraction of a square array of discs."""


def hashin_shtrikman_bound(porosity: FloatArray | float, dimension: int) -> FloatArray:
    """Upper bound of statistically isotropic media: (d − 1) φ/(d − φ).

    A single image may exceed it.

    Source: Hashin and Shtrikman, J. Appl. Phys. 33, 3125 (1962), equation 2.10 at zero conductivity
    of the other phase.
    """
    phi = np.asarray(porosity, dtype=float)
    return np.asarray((dimension - 1) * phi / (dimension - phi))


def maxwell(solid_fraction: FloatArray | float, dimension: int) -> FloatArray:
    """Few discs or spheres far from each other: (1 − s)/(1 + s/(d − 1)), exact to first order.

    Source: Maxwell, A Treatise on Electricity and Magnetism (1873), section 314.
    """
    solid = np.asarray(solid_fraction, dtype=float)
    return np.asarray((1 - solid) / (1 + solid / (dimension - 1)))


def effective_medium(porosity: FloatArray | float, dimension: int) -> FloatArray:
    """Bruggeman's symmetric medium: (d φ − 1)/(d − 1), zero below its threshold 1/d.

    Source: Bruggeman, Ann. Phys. 416, 636 (1935); Kirkpatrick, Rev. Mod. Phys. 45, 574 (1973).
    """
    phi = np.asarray(porosity, dtype=float)
    return np.maximum((dimension * phi - 1) / (dimension - 1), 0.0)


def rayleigh_square_array(solid_fraction: FloatArray | float) -> FloatArray:
    """A square array of discs that don't conduct: 1 − 2 s/(1 + s − 0.3058 s⁴).

    Source: Rayleigh, Philos. Mag. 34, 481 (1892); Perrins, McKenzie and McPhedran, Proc. R. Soc. A
    369, 207 (1979).
    """
    solid = np.asarray(solid_fraction, dtype=float)
    return np.asarray(1 - 2 * solid / (1 + solid - RAYLEIGH_COEFFICIENT * solid**4))


def bruggeman_exponent(porosity: FloatArray | float) -> FloatArray:
    """φ^1.5, the porosity law that engineers use.

    Source: Bruggeman, Ann. Phys. 416, 636 (1935).
    """
    return np.asarray(np.asarray(porosity, dtype=float) ** 1.5)


def series_bound(pores: BoolArray) -> float:
    """Upper bound of any image along its last axis: each column one mixed vessel, in series.

    Concentrations that depend on x alone are a trial field, whose dissipation is an upper bound. 0
    where a column has no pore.

    Source: Wiener, Abh. Sächs. Ges. Wiss. 32, 509 (1912).
    """
    columns = pores.reshape(-1, pores.shape[-1]).mean(axis=0)
    return float(1 / np.mean(1 / columns)) if columns.all() else 0.0
