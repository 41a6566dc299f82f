"""Moduli that do not go together: Poisson's ratio of the polycrystal ties K to G."""

from matops.core.data.record import Record
from matops.core.data.sifting.plausibility import Doubt
from matops.physics.elasticity import poisson_ratio

USUAL_POISSON = (0.05, 0.47)
"""Poisson's ratio of nearly all crystals: 1.1 % of 3,953 labels lie outside, and soft metals reach
0.45. README.md."""
POSSIBLE_POISSON = (-0.5, 0.495)
"""Beyond, G is over 6 K, or under a hundredth of it: a slip of units in one of them, or a crystal
about to give way.

Thermodynamics alone allows -1 to 0.5, which no two positive moduli leave.
"""


def doubt_moduli(record: Record) -> Doubt | None:
    """What Poisson's ratio says of K and G together."""
    K_GPa, G_GPa = record.targets["K_VRH"], record.targets["G_VRH"]
    ratio = float(poisson_ratio(K_GPa, G_GPa))
    if USUAL_POISSON[0] <= ratio <= USUAL_POISSON[1]:
        return None
    is_possible = POSSIBLE_POISSON[0] <= ratio <= POSSIBLE_POISSON[1]
    kind, (low, high) = (
        ("unusual", USUAL_POISSON) if is_possible else ("not to be believed", POSSIBLE_POISSON)
    )
    reason = (
        f"Poisson's ratio is {kind}: {ratio:.3f} from K = {K_GPa:.4g} GPa and G = {G_GPa:.4g} GPa, "
        f"outside {low:g} to {high:g}"
    )
    hint = "; are K and G swapped?" if G_GPa > K_GPa else ""
    return Doubt(reason + hint, not is_possible)
