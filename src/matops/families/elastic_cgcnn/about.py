"""What the family is about: no library but NumPy is needed to read it."""

from matops.core.data.sources import About as AnyAbout
from matops.core.data.sources import SourceForm
from matops.core.data.target import Target
from matops.simulators.output.manifest_table import NAMES as MANIFESTS

ID_PROP = "id_prop.csv"
TARGETS = tuple(
    Target(name, "GPa", f"{kind} modulus, Voigt-Reuss-Hill average", "log10", 0.0, 1000.0)
    for name, kind in (("K_VRH", "bulk"), ("G_VRH", "shear"))
)
DERIVED = (
    Target("young_modulus", "GPa", "Young's modulus, 9KG / (3K + G)", "log10", 0.0, 2250.0),
    Target("poisson_ratio", "1", "Poisson's ratio, (3K - 2G) / (6K + 2G)", lower=-1.0, upper=0.5),
    Target("pugh_ratio", "1", "Pugh's ratio, K / G", "log10", 0.0),
)
"""What follows from them for the isotropic polycrystal; the bounds follow from theirs."""

LAYOUTS = (
    SourceForm(
        "manifest",
        f"{' or '.join(MANIFESTS)} beside CIF, POSCAR, extended XYZ, LAMMPS data or dump files, "
        "with K_VRH and G_VRH or the stiffness C; see docs/sources.md",
    ),
    SourceForm("CIF directory", f"CIF files with {ID_PROP} (id, K_VRH, G_VRH; GPa)"),
    SourceForm("JSON", "a .json or .json.gz list of records with a structure and moduli"),
    SourceForm(
        "elastic tensors",
        "OUTCAR files of VASP with TOTAL ELASTIC MODULI, or JSON documents of atomate2 and the "
        "Materials Project with elastic_tensor, one or a folder; see docs/sources.md",
    ),
    SourceForm(
        "matbench",
        "a .json or .json.gz with columns structure, log10(K_VRH), log10(G_VRH), or a directory of "
        "two, one a modulus",
    ),
)
"""Layouts of files; what is not in one of them is refused."""


class About(AnyAbout):
    """Name, targets and sources."""

    name = "elastic_cgcnn"
    title = "Elastic moduli of crystals (crystal graph network)"
    paper = "Xie and Grossman, Phys. Rev. Lett. 120, 145301 (2018)"
    targets = TARGETS
    derived = DERIVED
    sources = (
        SourceForm("simulation", "ordered alloys, relaxed and strained here with LAMMPS"),
        SourceForm(
            "materials-project",
            "the Materials Project by its API: conventional cells whose elastic tensor was "
            "calculated; needs MP_API_KEY, narrowed by --set materials_project.elements, max_sites",
        ),
        *LAYOUTS,
    )
