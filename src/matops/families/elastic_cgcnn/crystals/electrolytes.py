"""From predicted moduli to dendrites: would a flat lithium electrode stay flat under this solid?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matops.core.quality.prediction import Estimate
from matops.physics.elasticity import poisson_ratio
from matops.physics.electrodeposition import LITHIUM, Electrode, stability_parameter_kJ_per_mol_nm

BOX_POINTS = 17


@dataclass(frozen=True)
class Stability:
    """Stability parameter χ of electrodeposition against a solid electrolyte."""

    chi_kJ_per_mol_nm: float  # χ at the predicted moduli; stable where negative
    # smallest χ for moduli within their intervals; out of domain nothing is promised: -inf
    lower_kJ_per_mol_nm: float
    upper_kJ_per_mol_nm: float  # largest of the same; inf

    @property
    def suppresses_dendrites(self) -> bool:
        """Whether the interface is stable for all moduli within their intervals."""
        return self.upper_kJ_per_mol_nm < 0


def electrodeposition_stability(
    estimates: Mapping[str, Estimate], molar_volume_ratio: float, electrode: Electrode = LITHIUM
) -> Stability:
    """Stability of electrodeposition for a prediction's ``K_VRH`` and ``G_VRH``, GPa.

    ``molar_volume_ratio`` is v = V_ion / V_metal, volume of the ion in the electrolyte over that of
    the atom in the metal. It decides which regime a solid is in, and the moduli don't say it.

    The interval is what the box of both intervals allows, not one calibrated for χ, as Young's
    modulus has it: that takes χ of the calibration rows, and so v of each, while a record has no v
    and a package keeps quantiles, not rows. Where each interval covers 90 %, the box and with it
    the interval of χ cover 80 % or more, however the two errors hang together (Bonferroni).

    Source: Ahmad et al., ACS Cent. Sci. 4, 996 (2018).
    """
    bulk, shear = estimates["K_VRH"], estimates["G_VRH"]

    def chi(K_GPa: float, G_GPa: float) -> float:
        nu = poisson_ratio(K_GPa, G_GPa)
        return float(stability_parameter_kJ_per_mol_nm(G_GPa, nu, molar_volume_ratio, electrode))

    middle = chi(bulk.value, shear.value)
    ends = [
        (e.lower, e.upper) for e in (bulk, shear) if e.lower is not None and e.upper is not None
    ]
    if len(ends) < 2:
        return Stability(middle, -np.inf, np.inf)
    # Between corners χ may have an extremum: the whole box is looked at.
    box = [np.linspace(*pair, BOX_POINTS) for pair in ends]
    everywhere = [chi(K, G) for K in box[0] for G in box[1]]
    return Stability(middle, min(*everywhere, middle), max(*everywhere, middle))
