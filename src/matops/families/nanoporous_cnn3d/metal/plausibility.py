"""Stiffnesses that do not go with the structure that they are said to be of."""

import numpy as np

from matops.core.data.record import Record
from matops.core.data.sifting.plausibility import Doubt
from matops.families.nanoporous_cnn3d.metal.metals import METALS
from matops.families.nanoporous_cnn3d.metal.payloads import parse_metal
from matops.families.nanoporous_cnn3d.metal.structure import LevelledWaves, NanoporousMetal

USUAL_EXPONENT = (2.0, 5.6)
"""Of the power law C = C11 φⁿ for the mean of the three: README.md.

A slip by ten moves n by 2.2 at a solid fraction of 0.35, and by 1.7 at 0.25.
"""
USUAL_RATIO = 100.0
"""Between the stiffest and the softest direction; structures that hardly connect reach more."""
TOLERANCE = 1.02
"""Molecular dynamics finds the crystal's C11 within 1 % in a solid block."""


def doubt_stiffness(record: Record) -> Doubt | None:
    """What solid fraction and metal say of the three stiffnesses.

    None exceeds the Voigt bound, a straight share of the crystal's own: W. Voigt, Lehrbuch der
    Kristallphysik (1928); R. Hill, Proc. Phys. Soc. A 65, 349 (1952). How far they lie below it
    follows the solid fraction by a power law: Gibson and Ashby, Cellular Solids (1997).
    """
    sample = parse_metal(record.payload)
    stiffness_GPa = np.array([record.targets[name] for name in ("C_11", "C_22", "C_33")])
    share, C11_GPa = _solid_fraction(sample), METALS[sample.metal].C11_GPa
    stiffest, softest = float(stiffness_GPa.max()), float(stiffness_GPa.min())
    of = f"of {sample.metal} at a solid fraction of {share:.3f}"
    # What is really solid is counted only where it decides: that takes forty times the rest.
    if stiffest > share * C11_GPa:
        bound_GPa = max(share, sample.solid_fraction) * C11_GPa
        if stiffest > TOLERANCE * bound_GPa:
            bound = f"which is {bound_GPa:.4g} GPa"
            return Doubt(f"stiffness above the Voigt bound: {stiffest:.4g} GPa {of}, {bound}", True)
    if stiffest > USUAL_RATIO * softest:
        words = f"{stiffest:.4g} GPa and {softest:.4g} GPa, over {USUAL_RATIO:g} times as much"
        return Doubt(f"directions of one structure are unusually different: {words}", False)
    low, high = (C11_GPa * share**n for n in reversed(USUAL_EXPONENT))
    mean_GPa = float(stiffness_GPa.mean())
    if low / TOLERANCE <= mean_GPa <= high * TOLERANCE:
        return None
    usual = f"outside {low:.3g} to {high:.3g} GPa"
    return Doubt(f"mean stiffness is unusual: {mean_GPa:.4g} GPa {of}, {usual}", False)


def _solid_fraction(sample: NanoporousMetal) -> float:
    """What the waves' level was set for, or the share of the voxels."""
    geometry = sample.geometry
    if isinstance(geometry, LevelledWaves):
        return geometry.solid_fraction
    return sample.solid_fraction
