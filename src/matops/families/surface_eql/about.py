"""What the family is about: no library but NumPy is needed to read it."""

from matops.core.data.sources import About as AnyAbout
from matops.core.data.sources import SourceForm
from matops.core.data.target import Target

UNIT = "J/m^2"
TARGETS = (
    Target("gamma0", UNIT, "surface energy", lower=0.0, upper=20.0, absolute=True),
    Target("T", UNIT, "mean residual stress", lower=-20.0, upper=20.0, absolute=True),
    Target(
        "R", UNIT, "deviator of the residual stress", lower=0, upper=20, closed=True, absolute=True
    ),
    Target("T0", UNIT, "isotropic stiffness, shear part", lower=-99, upper=99, absolute=True),
    Target("T1", UNIT, "isotropic stiffness, dilation part", lower=-99, upper=99, absolute=True),
    Target(
        "R0", UNIT, "four-fold part of the stiffness", lower=0, upper=99, closed=True, absolute=True
    ),
    Target(
        "R1", UNIT, "two-fold part of the stiffness", lower=0, upper=99, closed=True, absolute=True
    ),
)
"""Polar invariants; ``absolute``, since forms that vanish by symmetry are no deviations."""

LAYOUTS = (
    SourceForm(
        "table",
        "a .csv with h, k, l, then metal or the bulk properties that README.md lists, and "
        f"{', '.join(target.name for target in TARGETS)} in {UNIT}",
    ),
)


class About(AnyAbout):
    """Name, targets and sources."""

    name = "surface_eql"
    title = "Surface elasticity of fcc metals (equation learner)"
    paper = "Desai, Prasad and Dingreville, arXiv:2512.02985 (2025)"
    targets = TARGETS
    sources = (
        SourceForm("simulation", "surfaces of seven metals, strained here with LAMMPS"),
        *LAYOUTS,
    )
