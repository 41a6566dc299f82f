"""What the family is about: no library but NumPy is needed to read it."""

from matops.core.data.sources import About as AnyAbout
from matops.core.data.sources import SourceForm
from matops.core.data.target import Target
from matops.simulators.output.manifest_table import NAMES as MANIFESTS

AXES = ("X", "Y", "Z")
TARGETS = tuple(
    Target(
        name=f"C_{i}{i}",
        unit="GPa",
        description=f"stiffness under uniaxial strain along {axis.lower()}",
        lower=0.0,
        upper=310.0,
        quantity="C_ii",
    )
    for i, axis in enumerate(AXES, start=1)
)
DERIVED = (
    Target("mean_stiffness", "GPa", "mean of C_11, C_22 and C_33", lower=0.0, upper=310.0),
    Target(
        "relative_anisotropy",
        "1",
        "largest less smallest of C_11, C_22 and C_33, over their mean",
        lower=0.0,
        upper=3.0,
    ),
)
"""What follows from them; three numbers of which none is negative spread by three means at most."""

LAYOUTS = (
    SourceForm(
        "manifest",
        f"{' or '.join(MANIFESTS)} beside LAMMPS data or dump files or extended XYZ of one porous "
        "fcc metal in a cube, with C_11, C_22 and C_33 or the stiffness C; see docs/sources.md",
    ),
    SourceForm(
        "stiffness table",
        "a .csv or .csv.gz with a row for each load direction and the columns Number, Direction "
        "(X, Y, Z), Phase 1, Phase 2, …, Cii (GPa); Metal, Level (the solid fraction that sets the "
        "level), HKL Squared and Cell (Å) as columns, or metal and level in the file's name, as in "
        "gold_0.35.csv",
    ),
)
"""Layouts of files; what is not in one of them is refused."""


class About(AnyAbout):
    """Name, targets and sources."""

    name = "nanoporous_cnn3d"
    title = "Stiffness of nanoporous metals (3D convolution)"
    paper = "Zorkaltsev et al., Mater. Des. 260, 114896 (2025)"
    targets = TARGETS
    derived = DERIVED
    sources = (
        SourceForm("simulation", "levelled waves, labelled here by LAMMPS or by finite elements"),
        *LAYOUTS,
    )
